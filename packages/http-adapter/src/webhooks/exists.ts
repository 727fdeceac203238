import { isSparkError, type WebhookDesk, webhookId } from '@spark-control/core';

/** Whether there is an endpoint of that id: a 404 comes before the replay of an earlier answer. */
export async function exists(webhooks: WebhookDesk, id: string): Promise<boolean> {
  try {
    await webhooks.get(webhookId(id));
    return true;
  } catch (error) {
    if (isSparkError(error) && error.code === 'WEBHOOK_NOT_FOUND') return false;
    throw error;
  }
}

import { ScAudit } from '../elements/audit.ts';
import { ScAutomation } from '../elements/automation.ts';
import { ScAutomationDialog } from '../elements/automation-dialog.ts';
import { ScAutomations } from '../elements/automations.ts';
import { ScConfirmDialog, ScSecretDialog } from '../elements/confirm-dialog.ts';
import { ScWebhook } from '../elements/webhook.ts';
import { ScWebhookDialog } from '../elements/webhook-dialog.ts';
import { ScWebhooks } from '../elements/webhooks.ts';
import { ScCancelOperationDialog } from './elements/cancel-operation-dialog.ts';
import { ScHost } from './elements/host.ts';
import { ScRebootDialog, ScTrustDialog, ScUpdateDialog } from './elements/host-dialogs.ts';
import { ScHosts } from './elements/hosts.ts';
import { ScOperation } from './elements/operation.ts';
import { ScOperations } from './elements/operations.ts';
import { ScService } from './elements/service.ts';
import { ScMemoryDialog, ScPatchDialog, ScRestartServiceDialog } from './elements/service-dialogs.ts';
import { ScServices } from './elements/services.ts';

/** Registers the elements of these screens. Once for each window. */
export function defineManageElements(registry: CustomElementRegistry): void {
  if (registry.get('sc-operations') !== undefined) return;
  registry.define('sc-audit', ScAudit);
  registry.define('sc-automation', ScAutomation);
  registry.define('sc-automation-dialog', ScAutomationDialog);
  registry.define('sc-automations', ScAutomations);
  registry.define('sc-webhook', ScWebhook);
  registry.define('sc-webhook-dialog', ScWebhookDialog);
  registry.define('sc-webhooks', ScWebhooks);
  registry.define('sc-confirm-dialog', ScConfirmDialog);
  registry.define('sc-secret-dialog', ScSecretDialog);
  registry.define('sc-hosts', ScHosts);
  registry.define('sc-host', ScHost);
  registry.define('sc-trust-dialog', ScTrustDialog);
  registry.define('sc-update-dialog', ScUpdateDialog);
  registry.define('sc-reboot-dialog', ScRebootDialog);
  registry.define('sc-services', ScServices);
  registry.define('sc-service', ScService);
  registry.define('sc-restart-service-dialog', ScRestartServiceDialog);
  registry.define('sc-memory-dialog', ScMemoryDialog);
  registry.define('sc-patch-dialog', ScPatchDialog);
  registry.define('sc-operations', ScOperations);
  registry.define('sc-operation', ScOperation);
  registry.define('sc-cancel-operation-dialog', ScCancelOperationDialog);
}

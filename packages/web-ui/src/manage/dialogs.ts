import { type Child, h } from '../dom.ts';
import type { AppState, Dialog } from '../state.ts';
import { automationDialogView } from '../view-models/automation.ts';
import { confirmView } from '../view-models/confirm.ts';
import { webhookDialogView } from '../view-models/webhook.ts';
import type { ManageDialog, ManageState } from './state.ts';
import { cancelOperationView } from './view-models/operation.ts';

export function managedDialog(state: AppState, data: ManageState, open: Dialog): Child {
  switch (open.kind) {
    case 'automation':
      return h('sc-automation-dialog', {
        key: 'automation-dialog',
        prop: { view: automationDialogView(state, open.id, Intl.DateTimeFormat().resolvedOptions().timeZone) },
      });
    case 'webhook':
      return h('sc-webhook-dialog', { key: 'webhook-dialog', prop: { view: webhookDialogView(state, open.id) } });
    case 'confirm':
      return h('sc-confirm-dialog', { key: 'confirm', prop: { view: confirmView(state, open.what, open.id) } });
    case 'secret':
      return h('sc-secret-dialog', { key: 'secret', prop: { view: { url: open.url, secret: open.secret } } });
    case 'manage':
      return ownDialog(state, data, open.open);
    default:
      return null;
  }
}

function ownDialog(state: AppState, data: ManageState, open: ManageDialog): Child {
  switch (open.kind) {
    case 'cancel_operation':
      return h('sc-cancel-operation-dialog', { key: 'cancel-operation', prop: { view: cancelOperationView(state, data, open.id) } });
  }
}

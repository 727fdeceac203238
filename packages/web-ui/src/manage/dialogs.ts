import { type Child, h } from '../dom.ts';
import type { AppState, Dialog } from '../state.ts';
import { automationDialogView } from '../view-models/automation.ts';
import { confirmView } from '../view-models/confirm.ts';
import { webhookDialogView } from '../view-models/webhook.ts';
import type { ManageDialog, ManageState } from './state.ts';
import { hostDialogView } from './view-models/host.ts';
import { cancelOperationView } from './view-models/operation.ts';
import { serviceDialogView } from './view-models/service.ts';

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
    case 'restart_service':
      return h('sc-restart-service-dialog', { key: 'restart', prop: { view: serviceDialogView(state, data, open.service) } });
    case 'limit_memory':
      return h('sc-memory-dialog', { key: 'memory', prop: { view: serviceDialogView(state, data, open.service) } });
    case 'patch_service':
      return h('sc-patch-dialog', { key: 'patch', prop: { view: serviceDialogView(state, data, open.service, open.what) } });
    case 'trust_host': {
      const view = { ...hostDialogView(state, data, open.host), fingerprint: open.fingerprint };
      return h('sc-trust-dialog', { key: 'trust', prop: { view } });
    }
    case 'update_host':
      return h('sc-update-dialog', { key: 'update', prop: { view: hostDialogView(state, data, open.host) } });
    case 'reboot_host':
      return h('sc-reboot-dialog', { key: 'reboot', prop: { view: hostDialogView(state, data, open.host) } });
  }
}

import { type Child, h } from '../dom.ts';
import type { AppState, Dialog } from '../state.ts';
import { automationDialogView } from '../view-models/automation.ts';
import { confirmView } from '../view-models/confirm.ts';
import { webhookDialogView } from '../view-models/webhook.ts';
import type { Question } from './elements/ask-dialog.ts';
import type { ManageDialog, ManageState } from './state.ts';
import { hostDialogView } from './view-models/host.ts';
import { modelDialogView } from './view-models/model.ts';
import { nimDialogView } from './view-models/nim.ts';
import { cancelOperationView } from './view-models/operation.ts';
import { serviceDialogView } from './view-models/service.ts';
import { settingDialogView } from './view-models/settings.ts';
import { vectorDialogView } from './view-models/vectors.ts';

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

type Ask = Extract<ManageDialog, { kind: 'remove_model' | 'revert_model' | 'delete_weights' | 'delete_snapshot' }>;

function question(state: AppState, data: ManageState, open: Ask): Question {
  const { request } = state;
  if (open.kind === 'delete_snapshot') {
    const of = open.collection === null ? 'the whole storage' : open.collection;
    return {
      title: `Delete a snapshot of ${of}`,
      text: `${open.name} is gone at once, and ${of} cannot be put back to it any more.`,
      verb: 'Delete it',
      busy: 'Deleting…',
      action: open,
      request,
    };
  }
  const view = modelDialogView(data, open.model, open.kind === 'delete_weights' ? open.host : null);
  switch (open.kind) {
    case 'remove_model':
      return {
        request,
        title: `Remove ${view.name} from the catalog`,
        text: 'Its weights stay on the disks. The history keeps what it was.',
        verb: 'Remove it',
        busy: 'Removing…',
        action: open,
      };
    case 'revert_model':
      return {
        request,
        title: `Take ${view.name} back to revision ${open.revision}`,
        text: 'That is a change of its own, so it can be undone in the same way. What serves now keeps its flags until it is loaded again.',
        verb: 'Go back',
        busy: 'Going back…',
        action: open,
      };
    case 'delete_weights':
      return {
        request,
        title: `Delete the weights of ${view.name} on ${open.host}`,
        text: `${view.detail === '' ? 'They' : `${view.detail} of weights`} are gone from that disk at once, and have to be downloaded again before the model can load there.`,
        verb: 'Delete them',
        busy: 'Deleting…',
        action: open,
      };
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
    case 'remove_model':
    case 'revert_model':
    case 'delete_weights':
    case 'delete_snapshot':
      return h('sc-ask-dialog', { key: 'ask', prop: { view: question(state, data, open) } });
    case 'install_nim':
      return h('sc-nim-dialog', { key: 'nim', prop: { view: nimDialogView(state, data) } });
    case 'take_snapshot':
      return h('sc-snapshot-dialog', { key: 'snapshot', prop: { view: vectorDialogView(state, data, open.service) } });
    case 'restore_collection': {
      const view = { ...vectorDialogView(state, data, open.service), collection: open.collection, snapshot: open.name };
      return h('sc-restore-dialog', { key: 'restore', prop: { view } });
    }
    case 'restore_guide':
      return h('sc-restore-guide-dialog', { key: 'guide', prop: { view: vectorDialogView(state, data, open.service) } });
    case 'change_setting':
      return h('sc-setting-dialog', { key: 'setting', prop: { view: settingDialogView(state, data, open.path) } });
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

import { type Child, h } from '../dom.ts';
import type { AppState } from '../state.ts';
import { auditView } from '../view-models/audit.ts';
import { automationsView, automationView } from '../view-models/automation.ts';
import { webhooksView, webhookView } from '../view-models/webhook.ts';
import type { ManageState } from './state.ts';
import { hostScreenView, hostsView } from './view-models/host.ts';
import { addModelView, modelScreenView } from './view-models/model.ts';
import { operationScreenView, operationsView } from './view-models/operation.ts';
import { serviceScreenView, servicesView } from './view-models/service.ts';
import { settingsView } from './view-models/settings.ts';

export function managedScreen(state: AppState, data: ManageState): Child {
  const { route } = state;
  switch (route.screen) {
    case 'automations':
      return h('sc-automations', { key: 'automations', prop: { view: automationsView(state) } });
    case 'automation':
      return h('sc-automation', { key: `automation/${route.id}`, prop: { view: automationView(state, route.id) } });
    case 'webhooks':
      return h('sc-webhooks', { key: 'webhooks', prop: { view: webhooksView(state) } });
    case 'webhook':
      return h('sc-webhook', { key: `webhook/${route.id}`, prop: { view: webhookView(state, route.id) } });
    case 'audit':
      return h('sc-audit', { key: 'audit', prop: { view: auditView(state) } });
    case 'hosts':
      return h('sc-hosts', { key: 'hosts', prop: { view: hostsView(state) } });
    case 'host':
      return h('sc-host', { key: `host/${route.id}`, prop: { view: hostScreenView(state, data, route.id) } });
    case 'services':
      return h('sc-services', { key: 'services', prop: { view: servicesView(state, data) } });
    case 'service':
      return h('sc-service', { key: `service/${route.id}`, prop: { view: serviceScreenView(state, data, route.id) } });
    case 'add-model':
      return h('sc-add-model', { key: 'add-model', prop: { view: addModelView(state, data) } });
    case 'model':
      return h('sc-model', { key: `model/${route.id}`, prop: { view: modelScreenView(state, data, route.id) } });
    case 'settings':
      return h('sc-settings', { key: 'settings', prop: { view: settingsView(state, data) } });
    case 'operations':
      return h('sc-operations', { key: 'operations', prop: { view: operationsView(state, data) } });
    case 'operation':
      return h('sc-operation', { key: `operation/${route.id}`, prop: { view: operationScreenView(state, data, route.id) } });
    default:
      return null;
  }
}

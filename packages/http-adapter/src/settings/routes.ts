import type { Plain, SettingsView } from '@spark-control/core';
import { ChangeSettingsBody, Settings } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { ifMatchOf } from '../routing/if-match.ts';
import { defineRoute, type JsonAnswer, json, type Route } from '../routing/route.ts';
import { settingsView } from './view.ts';

const tag = 'settings';

export function settingsRoutes({ settings }: ApiContext): readonly Route[] {
  const show = defineRoute({
    method: 'GET',
    path: '/api/settings',
    operationId: 'getSettings',
    summary: 'Every setting with its source, and the files that they stand in',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: null,
    responses: {
      200: { description: 'The settings of the next start; secrets read ***. The ETag is the revision of spark.yaml', schema: Settings },
    },
    errors: [],
    handle: async () => answer(await settings.view()),
  });

  const change = defineRoute({
    method: 'PATCH',
    path: '/api/settings',
    operationId: 'changeSettings',
    summary: 'Change values of spark.yaml, all or none; they take effect at the next start',
    tag,
    scope: 'admin',
    params: null,
    query: null,
    body: ChangeSettingsBody,
    responses: { 200: { description: 'The settings of the next start', schema: Settings } },
    errors: ['INVALID_SETTINGS', 'READ_ONLY', 'STALE_REVISION', 'STORE_UNAVAILABLE'],
    async handle({ body, request }) {
      // What JSON can carry is plain.
      const changes = body.changes.map(({ path, value }) => ({ path, value: value as Plain }));
      return answer(await settings.change(changes, ifMatchOf(request), actorOf(request)));
    },
  });

  return [show, change];
}

const answer = (view: SettingsView): JsonAnswer => json(200, settingsView(view), { ETag: `"${view.revision}"` });

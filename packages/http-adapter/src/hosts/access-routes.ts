import { type AccessStep, type HostDesk, type HostTestReport, hostKey, SparkError } from '@spark-control/core';
import { EmptyBody, Host, HostTest, KeyParams, TrustBody, type WireAccessStep, type WireHostTest } from '@spark-control/schema';
import type { ApiContext } from '../api-context.ts';
import { actorOf } from '../middleware/caller.ts';
import { defineRoute, json, type Route } from '../routing/route.ts';
import { pinsOf } from './pins.ts';
import { hostNotFound, hostViews } from './view.ts';

const tag = 'hosts';

/** How hosts are reached and trusted. Whoever trusts a host decides whom this machine hands its commands to: that is for `admin`. */
export function hostAccessRoutes({ core, hosts, closing }: ApiContext): readonly Route[] {
  const knows = (key: string): boolean => core.clusters.some((cluster) => cluster.hosts.some((host) => host.key === key));
  const deskFor = (key: string): HostDesk => {
    if (!knows(key)) throw hostNotFound(key);
    if (hosts !== null) return hosts;
    throw new SparkError('NOT_SUPPORTED', 'The hosts were joined by other means than SSH: how they are reached cannot be tested here.');
  };

  const test = defineRoute({
    method: 'POST',
    path: '/api/hosts/{key}/test',
    operationId: 'testHost',
    summary: 'Try the way to a host step by step: name, port, host key, login, Docker, launcher, image, API port, clock',
    tag,
    scope: 'control',
    params: KeyParams,
    query: null,
    body: EmptyBody,
    bodyIsOptional: true,
    responses: { 200: { description: 'Every step in order; `ok: false` is an answer and no error', schema: HostTest } },
    errors: ['HOST_NOT_FOUND', 'NOT_SUPPORTED'],
    handle: async ({ params }) => json(200, testView(await deskFor(params.key).test(hostKey(params.key), closing))),
  });

  const trust = defineRoute({
    method: 'POST',
    path: '/api/hosts/{key}/trust',
    operationId: 'trustHost',
    summary: 'Pin the host key that the host shows now, by its fingerprint',
    tag,
    scope: 'admin',
    params: KeyParams,
    query: null,
    body: TrustBody,
    responses: { 200: { description: 'The host, with its pin', schema: Host } },
    errors: ['HOST_NOT_FOUND', 'HOST_KEY_MISMATCH', 'HOST_UNREACHABLE', 'NOT_SUPPORTED', 'READ_ONLY', 'STORE_UNAVAILABLE'],
    async handle({ params, body, request }) {
      await deskFor(params.key).trust(hostKey(params.key), body.fingerprint, actorOf(request), closing);
      const host = hostViews(core, pinsOf(hosts)).find(({ key }) => key === params.key);
      if (host === undefined) throw hostNotFound(params.key);
      return json(200, host);
    },
  });

  return [test, trust];
}

const testView = ({ host, ok, steps, fingerprint, trusted }: HostTestReport): WireHostTest => ({
  host,
  ok,
  steps: steps.map(stepView),
  fingerprint,
  trusted,
});

const stepView = ({ name, status, detail, hint, measured, durationMs }: AccessStep): WireAccessStep => ({
  name,
  status,
  detail,
  hint,
  measured,
  duration_ms: durationMs,
});

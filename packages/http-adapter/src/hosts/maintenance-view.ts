import type { UpdatePlan } from '@spark-control/core';
import type { WireUpdatePlan } from '@spark-control/schema';
import { nullableTimestamp, timestamp } from '../wire-time.ts';

export const planView = (plan: UpdatePlan): WireUpdatePlan => ({
  id: plan.id,
  host: plan.host,
  at: timestamp(plan.at),
  os: plan.os,
  kernel: plan.kernel,
  driver: plan.driver,
  docker: plan.dockerVersion,
  lists_at: nullableTimestamp(plan.listsAt),
  packages: plan.packages.map(({ name, action, from, to, section, risk, note }) => ({ name, action, from, to, section, risk, note })),
  firmware: plan.firmware?.map(({ device, name, from, to, risk, note }) => ({ device, name, from, to, risk, note })) ?? null,
  held: [...plan.held],
  download_bytes: plan.downloadBytes,
  free: plan.free.map(({ path, bytes }) => ({ path, bytes })),
  reboot: { required_now: plan.reboot.requiredNow, expected: plan.reboot.expected, causes: [...plan.reboot.causes] },
  risk: plan.risk,
  blockers: [...plan.blockers],
  warnings: [...plan.warnings],
  commands: [...plan.commands],
});

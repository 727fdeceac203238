import type { Host, HostDesk } from '@spark-control/core';

/** The pin in force of a host. */
export type PinOf = (host: Host) => string | null;

/** Without a desk, that of the configuration. */
export const pinsOf =
  (desk: HostDesk | null): PinOf =>
  (host) =>
    desk === null ? host.fingerprint : desk.pinOf(host.key);

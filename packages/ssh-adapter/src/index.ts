export { SshHostFence } from './host-fence.ts';
export type { RemoteShell, RunOptions, ShellResult } from './remote-shell.ts';
export { ShellPool, type ShellPoolOptions } from './shell-pool.ts';
export { createSshCluster, type SshCluster, type SshClusterOptions } from './ssh-cluster.ts';
export { fingerprintOf } from './ssh-connect.ts';
export { type ServiceEntry, SshServices, type SshServicesOptions } from './ssh-services.ts';
export { SshShell, type SshShellOptions } from './ssh-shell.ts';

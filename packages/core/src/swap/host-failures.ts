import { type FailureSignature, says } from './failure-signature.ts';

/** Docker and the host refuse the container. */
export const CONTAINER: readonly FailureSignature[] = [
  {
    name: 'wrong architecture of the image',
    pattern: /exec format error/,
    code: 'RUNTIME_REJECTED',
    message: says('The image is built for another processor.'),
    hint: says('Use an image for arm64.'),
  },
  {
    name: 'name conflict',
    pattern: /Conflict\. The container name "?\/?([\w.-]{0,100})/,
    code: 'RUNTIME_REJECTED',
    message: ([, name]) => `A stopped container ${name ? `named ${name} ` : ''}blocks the name.`,
    hint: ([, name]) => `Remove it with "docker rm ${name || 'NAME'}" on that host.`,
  },
  {
    name: 'image missing',
    pattern:
      /No such image|pull access denied|manifest (?:unknown|for \S{1,200} not found)|repository does not exist|Could not inspect image/,
    code: 'RUNTIME_REJECTED',
    message: says('The image is not on the host and cannot be pulled.'),
    hint: says('Build or pull it on every host of the cluster, or correct the name of the image.'),
  },
  {
    name: 'images differ',
    pattern: /Docker image mismatch on worker node(?: \(([\w.:-]{1,64})\))?|image '[^']{1,200}' is not in sync/,
    code: 'LAUNCHER_FAILED',
    message: ([, host]) => `The hosts have different images of the same name${host ? ` (${host})` : ''}.`,
    hint: says('Copy the image of the head to the workers.'),
  },
  {
    name: 'no GPU in the container',
    pattern: /could not select device driver|nvidia-container-cli:|No CUDA GPUs are available|CUDA driver version is insufficient/,
    code: 'RUNTIME_REJECTED',
    message: says('The container has no use of the GPU.'),
    hint: says('Check "nvidia-smi" on the host and the NVIDIA container toolkit; after a driver update reboot the host.'),
  },
  {
    name: 'disk full',
    pattern: /No space left on device/,
    message: says('The disk of a host is full.'),
    hint: says('Remove unused images ("docker image prune") or weights there.'),
  },
];

/** The launcher script gives up. */
export const LAUNCHER: readonly FailureSignature[] = [
  {
    name: 'no SSH between the hosts',
    pattern: /Error: Passwordless SSH to ([\w.:-]{1,64}) failed/,
    code: 'LAUNCHER_FAILED',
    message: ([, host]) => `The head cannot log in to ${host}.`,
    hint: says('Put the public key of the head into authorized_keys of that host, and check the link between them.'),
  },
  {
    name: 'too few nodes',
    pattern: /Error: Command requires (\d{1,4}) nodes?\b.{0,120}only (\d{1,4}) node/,
    code: 'LAUNCHER_FAILED',
    message: ([, wanted, found]) => `The model needs ${wanted} nodes, and the launcher knows ${found}.`,
    hint: says('Add the host to the cluster, or lower the number of nodes of the model.'),
  },
  {
    name: 'left-over container',
    pattern: /Container '([\w.-]{1,100})' is already running on (?:head|worker) node|Cluster containers are already running/,
    code: 'LAUNCHER_FAILED',
    message: ([, name]) => `A container ${name ? `named ${name} ` : ''}of an earlier start was still running.`,
    hint: says('Stop it on every host of the cluster, then ask again.'),
  },
  {
    name: 'not one of the nodes',
    pattern: /Error: Local IP \(([\w.:-]{1,64})\) is not in the list of nodes/,
    code: 'LAUNCHER_FAILED',
    message: ([, host]) => `The head (${host}) is not in the launcher's list of nodes.`,
    hint: says('Correct fabric_address of the hosts, or the .env file of the launcher.'),
  },
  {
    name: 'interfaces not found',
    pattern: /No active IB interfaces found|Nodes argument \(-n\) is mandatory/,
    code: 'LAUNCHER_FAILED',
    message: says('The launcher found no fast link between the hosts.'),
    hint: says('Check the cable, and set the interfaces in the .env file of the launcher.'),
  },
  {
    name: 'launcher settings',
    pattern: /Invalid \.env file syntax/,
    code: 'LAUNCHER_FAILED',
    message: says('The .env file of the launcher is broken.'),
    hint: says('Correct it on the head; duplicate keys are refused too.'),
  },
  {
    name: 'launcher option unknown',
    pattern: /Error: (?:Unknown argument or action|No action specified)/,
    code: 'LAUNCHER_FAILED',
    message: says('This version of the launcher does not take the options given.'),
    hint: says('Update the launcher on the head, or correct its folder in the configuration.'),
  },
  {
    name: 'mod failed',
    pattern: /Error: Patch script failed on ([\w.:-]{1,64})/,
    code: 'LAUNCHER_FAILED',
    message: ([, host]) => `A mod could not be applied on ${host}.`,
    hint: says('The log tail shows the output of its run.sh.'),
  },
];

/** Consequences rather than causes: they count when nothing better was found. */
export const AFTERMATH: readonly FailureSignature[] = [
  {
    name: 'port in use',
    pattern: /\[Errno 98\]|address already in use|port is already allocated/i,
    code: 'RUNTIME_REJECTED',
    message: says("The cluster's port is taken by another program."),
    hint: says('Find it with "ss -ltnp" on the head and stop it, or give the cluster another port.'),
  },
  {
    name: 'command not started',
    pattern: /Error: failed to start the command inside container|Container \S{1,100} is not running|No such container/,
    code: 'LAUNCHER_FAILED',
    message: says('The container was gone before the model server could be started in it.'),
    hint: says('A container of the same name, left over from an earlier start, is the usual reason: remove it on every host.'),
  },
];

import type { Operation } from '../wire.ts';

const KINDS: Readonly<Record<Operation['kind'], string>> = {
  model_download: 'Download the weights of',
  image_pull: 'Pull the image of',
  host_update: 'Update',
  host_reboot: 'Reboot',
  service_restart: 'Restart',
  patches_apply: 'Reapply the patches of',
  patches_undo: 'Undo the patches of',
  nim_install: 'Install a NIM container on',
  vector_snapshot: 'Take snapshots of',
  vector_restore: 'Restore a collection of',
};

export const operationTitle = ({ kind, subject }: Operation): string => `${KINDS[kind]} ${subject}`;

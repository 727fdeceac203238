import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this file. */
export const SUPPORT = dirname(fileURLToPath(import.meta.url));
export const WORKSPACE = join(SUPPORT, '..', '..', '..');
/** The simulator's model server in one file: the images carry it as `vllm`, and each host runs it to keep its memory figures. */
export const FAKE_VLLM = join(WORKSPACE, 'packages', 'simulator', 'dist', 'fake-vllm.mjs');

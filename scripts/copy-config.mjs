// Before packing: gives the server package a copy of the models and services, so that it has some without a workspace.
// After packing (`--remove`): takes it away, so that a workspace never serves from an old copy.
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../config/', import.meta.url));
const target = fileURLToPath(new URL('../packages/server/dist/config/', import.meta.url));

rmSync(target, { recursive: true, force: true });
if (!process.argv.includes('--remove')) cpSync(source, target, { recursive: true });

import { describeAutomationStore } from '../contracts/automation-store.contract.ts';
import { MemoryAutomations } from './memory-automations.ts';

describeAutomationStore('the store in memory', async () => ({ automations: new MemoryAutomations(), dispose: async () => undefined }));

import { describeMemoryRecords } from '../contracts/memory-records.contract.ts';
import { MemoryLoadRecords } from './memory-load-records.ts';

describeMemoryRecords('the records of the tests', async () => ({ memoryRecords: new MemoryLoadRecords(), dispose: async () => {} }));

import type { Service } from '../../src/index.ts';

export const aService = (over: Partial<Service> = {}): Service => ({
  ...{ key: 'kokoro-tts', name: 'Kokoro', kind: 'tts', url: null, host: null, port: 8880, healthPath: '/health' },
  ...{ model: null, container: 'kokoro-tts', user: null, apiKeyVariable: null, publicUrl: null, usesGpu: true },
  ...{ memoryLimitBytes: null, patches: [], isDisabled: false, origin: 'file' },
  ...over,
});

export const operationPath = (id: string): string => `/api/operations/${encodeURIComponent(id)}`;
export const hostPath = (key: string): string => `/api/hosts/${encodeURIComponent(key)}`;
export const servicePath = (key: string): string => `/api/services/${encodeURIComponent(key)}`;
export const modelPath = (key: string): string => `/api/models/${encodeURIComponent(key)}`;

export const operationPath = (id: string): string => `/api/operations/${encodeURIComponent(id)}`;

/** Where in the dashboard the reader is. The address bar holds it, so every screen has a link that survives a reload. */
export type Route = Readonly<
  | { screen: 'overview' }
  | { screen: 'models' }
  | { screen: 'history' }
  | { screen: 'swap'; id: string }
  | { screen: 'calendar' }
  | { screen: 'automations' }
  | { screen: 'automation'; id: string }
  | { screen: 'webhooks' }
  | { screen: 'webhook'; id: string }
  | { screen: 'audit' }
  | { screen: 'add-model' }
  | { screen: 'model'; id: string }
  | { screen: 'hosts' }
  | { screen: 'host'; id: string }
  | { screen: 'services' }
  | { screen: 'service'; id: string }
  | { screen: 'operations' }
  | { screen: 'operation'; id: string }
  | { screen: 'settings' }
  | { screen: 'missing'; path: string }
>;

/** Screens without an id, by the first and only part of their path. */
const LISTS = [
  'models',
  'add-model',
  'hosts',
  'services',
  'history',
  'calendar',
  'automations',
  'webhooks',
  'operations',
  'audit',
  'settings',
] as const;
/** Screens of one thing: the first part of their path, followed by its id. */
const SINGLES = {
  swaps: 'swap',
  automations: 'automation',
  webhooks: 'webhook',
  models: 'model',
  hosts: 'host',
  services: 'service',
  operations: 'operation',
} as const;

export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  if (first === undefined) return { screen: 'overview' };
  const list = parts.length === 1 ? LISTS.find((name) => name === first) : undefined;
  if (list !== undefined) return { screen: list };
  const single = Object.entries(SINGLES).find(([name]) => name === first)?.[1];
  if (single !== undefined && second !== undefined && parts.length === 2) return { screen: single, id: decode(second) };
  return { screen: 'missing', path };
}

/** A stray `%` in a typed address must not stop the page. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function pathOf(route: Route): string {
  switch (route.screen) {
    case 'overview':
      return '/';
    case 'swap':
    case 'automation':
    case 'webhook':
    case 'model':
    case 'host':
    case 'service':
    case 'operation':
      return `/${route.screen}s/${encodeURIComponent(route.id)}`;
    case 'missing':
      return route.path;
    default:
      return `/${route.screen}`;
  }
}

/** The same word for the same screen, also of one thing among many. */
export const routeName = (route: Route): string => ('id' in route ? `${route.screen}/${route.id}` : route.screen);

const MANAGED = [
  'automations',
  'automation',
  'webhooks',
  'webhook',
  'audit',
  'add-model',
  'model',
  'hosts',
  'host',
  'services',
  'service',
  'operations',
  'operation',
  'settings',
] as const;

/** Screens whose code comes in a file of its own. */
export const isManaged = ({ screen }: Route): boolean => MANAGED.some((name) => name === screen);

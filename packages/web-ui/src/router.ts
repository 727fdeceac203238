/** Where in the dashboard the reader is. The address bar holds it, so every screen has a link that survives a reload. */
export type Route = Readonly<
  | { screen: 'overview' }
  | { screen: 'models' }
  | { screen: 'history' }
  | { screen: 'swap'; id: string }
  | { screen: 'missing'; path: string }
>;

export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  if (first === undefined) return { screen: 'overview' };
  if (first === 'models' && parts.length === 1) return { screen: 'models' };
  if (first === 'history' && parts.length === 1) return { screen: 'history' };
  if (first === 'swaps' && second !== undefined && parts.length === 2) return { screen: 'swap', id: decode(second) };
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
    case 'models':
    case 'history':
      return `/${route.screen}`;
    case 'swap':
      return `/swaps/${encodeURIComponent(route.id)}`;
    case 'missing':
      return route.path;
  }
}

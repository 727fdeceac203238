import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Headers of every answer. Helmet's defaults would ask browsers to fetch our files by https and to remember https for
 * this name: over plain HTTP in a LAN both break the page, so neither is sent.
 */
export function securityHeaders(): readonly RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          mediaSrc: ["'self'", 'blob:'],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          requireTrustedTypesFor: ["'script'"],
          trustedTypes: ["'none'"],
        },
      },
      strictTransportSecurity: false,
      // Over plain HTTP browsers only complain about this one.
      originAgentCluster: false,
      xFrameOptions: { action: 'deny' },
      referrerPolicy: { policy: 'no-referrer' },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
    }),
    (_request, response, next) => {
      response.set('Permissions-Policy', 'microphone=(self), camera=(), geolocation=(), payment=()');
      next();
    },
  ];
}

const ADAPTERS = '(ssh-adapter|http-adapter|store-adapter|simulator)';

/** The dependency rule, as ARCHITECTURE.md states it. Each rule has been seen to fail on a planted import. */
module.exports = {
  forbidden: [
    { name: 'core-is-alone', severity: 'error', comment: 'The domain knows only itself.', from: { path: '^packages/core/src' }, to: { pathNot: '^packages/core/src' } },
    { name: 'schema-knows-typebox-only', severity: 'error', from: { path: '^packages/schema/src' }, to: { pathNot: '^packages/schema/src|node_modules/.*typebox' } },
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      from: { path: `^packages/${ADAPTERS}/src` },
      to: { path: `^packages/${ADAPTERS}/`, pathNot: '^packages/$1/' },
    },
    { name: 'nobody-enters-server', severity: 'error', from: { path: '^packages/(?!server)' }, to: { path: '^packages/server' } },
    { name: 'web-ui-knows-schema-only', severity: 'error', from: { path: '^packages/web-ui/src' }, to: { path: '^packages/', pathNot: '^packages/(web-ui|schema)/' } },
    { name: 'client-knows-schema-only', severity: 'error', from: { path: '^packages/client/src' }, to: { path: '^packages/', pathNot: '^packages/(client|schema)/' } },
    {
      name: 'siblings-by-their-index',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src' },
      to: { path: '^packages/([^/]+)/src/(?!index\\.ts)', pathNot: '^packages/$1/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.d\\.ts$|/index\\.ts$|main\\.ts$|/test/' },
      to: {},
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/|/test/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { conditionNames: ['source', 'import', 'node', 'default'], exportsFields: ['exports'], mainFields: ['module', 'main', 'types'] },
  },
};

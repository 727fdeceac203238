export default {
  plugins: ['@stryker-mutator/mocha-runner'], // pnpm's layout hides it from the default search
  testRunner: 'mocha',
  mochaOptions: { spec: ['packages/core/test/{swap,launch,application}/**/*.test.ts'], config: '.mocharc.json' },
  testRunnerNodeArgs: ['--import', 'tsx', '--conditions=source'],
  mutate: ['packages/core/src/swap/**/*.ts', 'packages/core/src/launch/**/*.ts', '!packages/core/src/swap/preflight-report.ts'],
  reporters: ['clear-text', 'html'],
  htmlReporter: { fileName: 'reports/mutation.html' },
  coverageAnalysis: 'perTest',
  ignoreStatic: true, // tables of texts are held by their own tests; their mutants would each run everything
  concurrency: 2,
  timeoutMS: 20_000,
  ignorePatterns: ['dist', 'data', 'test/rig', 'test/e2e'],
  checkers: [],
  disableTypeChecks: false,
  thresholds: { high: 90, low: 85, break: 85 },
};

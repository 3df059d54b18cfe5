/** Who may import whom. Each rule carries its reason. docs/development.md explains the floors. */

/** The modules, from the ground up. An import runs downwards; on one floor it needs an entry in `neighbours`. */
const floors = [
  ['common', 'config', 'database', 'files', 'metrics', 'tracing'],
  ['organizations', 'auth'],
  ['catalogue'],
  ['posture'],
  ['snapshots', 'revalidation'],
  ['releases', 'imports', 'exports', 'evaluators'],
  ['rules'],
  ['notifications', 'webhooks'],
  ['instances'],
  ['evaluation'],
  ['retention', 'health', 'heartbeat'],
  ['setup', 'demo', 'cli', 'http'],
];

/** Imports between modules of one floor. */
const neighbours = {
  auth: ['organizations'],
  webhooks: ['notifications'],
  setup: ['demo'],
  cli: ['http', 'setup'],
};

/**
 * The ground floor, whose modules import each other. Other modules import its files directly, except those of
 * `database`, `config`, `metrics` and `tracing`.
 */
const ground = floors[0];
const modules = floors.flat();
const behindIndex = modules.filter((name) => !['common', 'files'].includes(name));

/** Rooms that hold words only and load no framework, so that worker threads and formats may import them alone. */
const words = 'src/(catalogue|posture)/words/index\\.ts$';

const path = (names) => `^src/(${names.join('|')})/`;

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle has no order in which it can be understood, and ES modules fail on some.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'through-the-index',
      comment: 'Modules meet through their index.ts, so that the files behind it can change.',
      severity: 'error',
      from: { path: `^src/(${modules.join('|')}|main\\.ts|app\\.module\\.ts)` },
      to: { path: `^src/(${behindIndex.join('|')})/(?!index\\.ts$)`, pathNot: ['^src/$1/', words] },
    },
    ...floors.slice(1).flatMap((floor, index) =>
      floor.map((name) => ({
        name: `${name}-imports-downwards`,
        comment: `${name} imports the floors below it${neighbours[name] ? ` and ${neighbours[name].join(', ')}` : ''}.`,
        severity: 'error',
        from: { path: `^src/${name}/` },
        to: { path: path(floors.slice(index + 1).flat()), pathNot: path([name, ...(neighbours[name] ?? [])]) },
      })),
    ),
    {
      name: 'ground-floor-knows-no-module',
      comment: 'Every module imports the ground floor, so it imports none of them.',
      severity: 'error',
      from: { path: path(ground) },
      to: { path: path(floors.slice(1).flat()) },
    },
    {
      name: 'metrics-through-the-facade',
      comment:
        'Modules call Metrics and Tracing. The libraries behind them can change, and tracing loads only when it is on.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(metrics|tracing)/' },
      to: { path: 'node_modules/(prom-client|@opentelemetry)/' },
    },
    {
      name: 'only-the-process-knows-the-engine',
      comment: 'Only code that starts the process imports the engine; retention asks it which of its rows expire.',
      severity: 'error',
      from: { pathNot: '^src/(evaluation/|retention/|app\\.module\\.ts|http/create-app\\.ts|main\\.ts|cli/)' },
      to: { path: '^src/evaluation/' },
    },
    {
      name: 'only-the-process-knows-the-application',
      comment: 'The application module wires every module, so no module imports it.',
      severity: 'error',
      from: { pathNot: '^src/(http|cli)/' },
      to: { path: '^src/(app\\.module|main)\\.ts$' },
    },
    {
      name: 'not-to-dev-dependency',
      comment: 'A package that the application loads must be installed in production.',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] },
  },
};

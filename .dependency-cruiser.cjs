/** Who may import whom. Each rule carries its reason. */
const modules =
  'organizations|auth|posture|rules|evaluators|evaluation|instances|notifications|email|trail|webhooks|health|demo|setup|retention|heartbeat|exports';

/** What everybody may import. */
const shared = 'common|config|database|metrics|tracing';

/** What each module may import besides what everybody may. */
const allowed = {
  organizations: [],
  auth: ['organizations'],
  posture: ['organizations'],
  evaluators: ['posture'],
  rules: ['evaluators', 'posture'],
  email: [],
  notifications: ['email', 'evaluators'],
  trail: [],
  webhooks: ['notifications'],
  instances: ['notifications', 'webhooks'],
  evaluation: ['rules', 'instances', 'evaluators', 'notifications', 'webhooks', 'posture'],
  retention: ['instances'],
  exports: ['instances', 'posture'],
  health: [],
  heartbeat: [],
  demo: ['auth', 'posture'],
  setup: ['auth', 'demo', 'organizations', 'posture', 'rules'],
};

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
      comment: 'Modules meet through their index.ts, so that what stands behind it can change.',
      severity: 'error',
      from: { path: `^src/(${modules}|metrics|tracing)/` },
      to: { path: `^src/(${modules}|metrics|tracing)/(?!index\\.ts$)`, pathNot: '^src/$1/' },
    },
    {
      name: 'shared-knows-nobody',
      comment: 'What everybody imports imports nobody.',
      severity: 'error',
      from: { path: `^src/(${shared})/` },
      to: { path: `^src/(${modules})/` },
    },
    {
      name: 'measured-through-the-facade',
      comment:
        'Everybody calls Metrics and Tracing; what they are made of can then change, and tracing is loaded only where it is on.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(metrics|tracing)/' },
      to: { path: 'node_modules/(prom-client|@opentelemetry)/' },
    },
    ...Object.entries(allowed).map(([name, others]) => ({
      name: `${name}-imports`,
      comment: others.length
        ? `${name} may import ${others.join(', ')}, and what everybody may.`
        : `${name} imports only what everybody may.`,
      severity: 'error',
      from: { path: `^src/${name}/` },
      to: { path: `^src/(${modules})/`, pathNot: `^src/(${[name, ...others].join('|')})/` },
    })),
    {
      name: 'nobody-imports-the-engine',
      comment: 'Only what starts the process knows the engine.',
      severity: 'error',
      from: { pathNot: '^src/(evaluation/|app\\.module\\.ts|create-app\\.ts|main\\.ts|cli\\.ts)' },
      to: { path: '^src/evaluation/' },
    },
    {
      name: 'not-to-dev-dependency',
      comment: 'What ships must be installed where it runs.',
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

/** Who may import whom. Each rule carries its reason. */
const modules =
  'organizations|auth|posture|rules|evaluators|evaluation|instances|notifications|webhooks|health|demo|setup';

/** What each module may import besides `common`, `config` and `database`. */
const allowed = {
  organizations: [],
  auth: ['organizations'],
  posture: ['organizations'],
  evaluators: ['posture'],
  rules: ['evaluators'],
  notifications: [],
  webhooks: [],
  instances: ['notifications', 'webhooks'],
  evaluation: ['rules', 'instances', 'evaluators', 'notifications', 'webhooks', 'posture'],
  health: [],
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
      from: { path: `^src/(${modules})/` },
      to: { path: `^src/(${modules})/(?!index\\.ts$)`, pathNot: '^src/$1/' },
    },
    {
      name: 'shared-knows-nobody',
      comment: 'What everybody imports imports nobody.',
      severity: 'error',
      from: { path: '^src/(common|config|database)/' },
      to: { path: `^src/(${modules})/` },
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

/** The arrows of the layout: who may import whom. Tests are free; nothing imports a test. */
const outside = (folders) => `^src/(?!(${folders.join('|')})/)`;
const only = (from, folders, extra = {}) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$', ...extra.from },
  to: { path: outside([from, ...folders]), ...extra.to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    only('kinds', ['definition']),
    only('definition', ['kinds']),
    only('workflows', ['definition', 'kinds']),
    only('activities', ['definition', 'kinds']),
    only('secrets', ['definition']),
    only('temporal', ['definition', 'secrets']),
    only('client', ['definition', 'temporal']),
    only('store', ['definition', 'secrets']),
    only('connections', ['definition', 'kinds', 'activities', 'store', 'secrets']),
    only('worker', ['definition', 'kinds', 'activities', 'temporal', 'store']),
    only('server', ['definition', 'kinds', 'temporal', 'client', 'store', 'secrets', 'connections']),
    only('api-client', []),
    only('cli', ['definition', 'temporal', 'activities', 'client', 'worker', 'store', 'server', 'connections', 'secrets']),
    {
      name: 'sandbox-is-pure',
      comment: 'Workflow code may load plain data and pure functions only.',
      severity: 'error',
      from: { path: '^src/workflows/', pathNot: '\\.test\\.ts$' },
      to: {
        reachable: true,
        path: ['^src/kinds/.*/(schema|activity)\\.ts$', '^src/kinds/schemas\\.ts$', '^src/definition/(parse|schema)\\.ts$', '^node:'],
      },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '(^test/|\\.test\\.ts$)' }, to: { path: '(^test/|\\.test\\.ts$)' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports vanish when the code runs, so they are free.
    tsPreCompilationDeps: false,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};

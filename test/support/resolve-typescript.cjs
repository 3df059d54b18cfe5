/**
 * Jest compiles the imports of its global set-up, but does not map their names: './x.js' must resolve to x.ts.
 * `moduleNameMapper` in jest.config.cjs does the same for tests.
 */
const Module = require('node:module');

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function resolveTypeScript(request, ...rest) {
  try {
    return resolveFilename.call(this, request, ...rest);
  } catch (error) {
    if (!/^\.{1,2}\/.*\.js$/.test(request)) throw error;
    return resolveFilename.call(this, `${request.slice(0, -3)}.ts`, ...rest);
  }
};

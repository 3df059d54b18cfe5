/**
 * Jest compiles what its global set-up imports, but does not map names there: an import of './x.js' must find x.ts by itself.
 * `moduleNameMapper` in jest.config.cjs does the same for the tests.
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

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { BUILD_STAMP, root } from './prepare.mjs';

const require = createRequire(import.meta.url);

/** Each full build removes it with `dist/`, so that the first watch after it compiles all files. */
const BUILD_INFO = path.join(root, 'dist/.vedette-watch.tsbuildinfo');

/**
 * Compiles to `dist/` like `nest build`, with its compiler plugins, and again after each change of a source.
 * @param onCompiled called after each compilation with `{ errors, changed, startedAt }`: how many errors TypeScript
 * found, whether a file in `dist/` has changed, and when the compilation began.
 * @returns a function that ends the watching.
 */
export function watchSources(onCompiled) {
  let changed = false;
  let startedAt = Date.now();
  const write = (file, text, ...others) => {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
    if (file !== BUILD_INFO) {
      changed = true;
      // From now on `dist/` mixes compilations, so the next `npm start` must build it completely.
      rmSync(BUILD_STAMP, { force: true });
    }
    ts.sys.writeFile(file, text, ...others);
  };
  const host = ts.createWatchCompilerHost(
    path.join(root, 'tsconfig.build.json'),
    // With `isolatedModules`, TypeScript would compile only the changed file. But the plugin for OpenAPI copies
    // its types into other files.
    { incremental: true, tsBuildInfoFile: BUILD_INFO, isolatedModules: false, noEmitOnError: true },
    { ...ts.sys, writeFile: write },
    ts.createEmitAndSemanticDiagnosticsBuilderProgram,
    ts.createDiagnosticReporter(ts.sys, process.stdout.isTTY === true),
    (_status, _newLine, _options, errors) => {
      // A status without a number of errors is the start of a compilation.
      if (errors === undefined) return void (startedAt = Date.now());
      onCompiled({ errors, changed, startedAt });
      changed = false;
    },
  );
  withPlugins(host);
  const watching = ts.createWatchProgram(host);
  return () => watching.close();
}

/** Makes each program of the host run the plugins of nest-cli.json when it emits. */
function withPlugins(host) {
  const { plugins } = JSON.parse(readFileSync(path.join(root, 'nest-cli.json'), 'utf8')).compilerOptions;
  const hooks = plugins.map(
    ({ name, options }) =>
      (program) =>
        require(`${name}/plugin`).before(options, program),
  );
  const createProgram = host.createProgram;
  host.createProgram = (...args) => {
    const program = createProgram(...args);
    const emit = program.emit;
    program.emit = (file, write, cancellation, onlyDts, transformers = {}) =>
      emit(file, write, cancellation, onlyDts, {
        ...transformers,
        before: [...hooks.map((hook) => hook(program.getProgram())), ...(transformers.before ?? [])],
      });
    return program;
  };
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { aBundle, aCollection, aTechnique } from '../../../test/support/a-stix-bundle.js';
import { compileStixWorker } from '../../../test/support/catalogue-factories.js';
import { readFacts } from '../facts/attack-facts.js';
import { buildFactsFile } from '../facts/build-facts-file.js';
import { readStixBundle, type ReadStixOptions } from './stix-reader.js';

let folder: string;
let workerFile: string;

function fileWith(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

function fault(file: string, options: ReadStixOptions = {}): Promise<unknown> {
  return readStixBundle(file, { workerFile, ...options }).then(
    () => 'accepted',
    (error: { fault?: string }) => error.fault,
  );
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vedette-stix-'));
  workerFile = compileStixWorker(path.join(folder, 'built'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('readStixBundle', () => {
  it('reads a file in a thread and returns the slice', async () => {
    const file = fileWith('good.json', aBundle(aCollection('18.1'), aTechnique(1001), aTechnique(1002, { name: '' })));
    const slice = await readStixBundle(file, { workerFile });
    expect(slice).toMatchObject({
      attackVersion: '18.1',
      techniques: [{ attackId: 'T1001' }],
      skipped: [{ count: 1 }],
    });
  });

  it('passes the options to the thread and returns its faults', async () => {
    const file = fileWith('options.json', aBundle(aTechnique(1001)));
    expect((await readStixBundle(file, { workerFile, attackVersion: '17.1' })).attackVersion).toBe('17.1');
    expect(await fault(file, { domain: 'ics-attack' })).toBe('domain_mismatch');
    expect(await fault(fileWith('latin1.json', Buffer.from('{"é": 1}', 'latin1')))).toBe('wrong_encoding');
    expect(await fault(fileWith('cut.json', '{"type": "bun'))).toBe('truncated');
  });

  it('refuses a file that is missing, empty, a folder or too large', async () => {
    expect(await fault(path.join(folder, 'nowhere.json'))).toBe('file_missing');
    expect(await fault(path.join(fileWith('file', 'x'), 'below.json'))).toBe('file_missing');
    expect(await fault(fileWith('empty.json', ''))).toBe('empty');
    expect(await fault(folder)).toBe('not_a_file');
    const text = aBundle(aTechnique(1001));
    expect(await fault(fileWith('large.json', text), { maxBytes: text.length - 1 })).toBe('too_large');
    expect(await fault(fileWith('large.json', text), { maxBytes: text.length })).toBe('accepted');
  });

  it('fails if the thread hangs, stops, fails or is missing', async () => {
    const file = fileWith('any.json', aBundle(aTechnique(1001)));
    const hangs = fileWith('hangs.mjs', 'for (;;);');
    const stops = fileWith('stops.mjs', 'process.exit(3);');
    const fails = fileWith('fails.mjs', 'throw new Error("broken");');
    expect(await fault(file, { workerFile: hangs, timeoutMs: 50 })).toBe('timeout');
    expect(await fault(file, { workerFile: stops })).toBe('reader_failed');
    expect(await fault(file, { workerFile: fails })).toBe('reader_failed');
    expect(await fault(file, { workerFile: path.join(folder, 'nowhere.mjs') })).toBe('reader_failed');
  });

  it('does not pass environment variables to its thread', async () => {
    const file = fileWith('any.json', aBundle(aTechnique(1001)));
    const answers = `import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ slice: Object.keys(process.env) });`;
    expect(await readStixBundle(file, { workerFile: fileWith('environment.mjs', answers) })).toEqual([]);
  });
});

describe('buildFactsFile', () => {
  it('writes the table of a bundle', async () => {
    const out = path.join(folder, 'facts.json');
    const slice = await buildFactsFile(fileWith('facts-bundle.json', aBundle(aTechnique(1001))), out, {
      workerFile,
      attackVersion: '18.1',
    });
    expect(readFacts(readFileSync(out, 'utf8'))).toEqual(slice);
  });

  it('does not change the older table if it fails', async () => {
    const out = fileWith('older-facts.json', 'older');
    const bundle = fileWith('no-release.json', aBundle(aTechnique(1001)));
    await expect(buildFactsFile(bundle, out, { workerFile })).rejects.toThrow('attack_version must be given');
    await expect(buildFactsFile(path.join(folder, 'nowhere.json'), out, { workerFile })).rejects.toThrow(
      'no such file',
    );
    expect(readFileSync(out, 'utf8')).toBe('older');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

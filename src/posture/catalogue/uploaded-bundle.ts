import type { FastifyRequest } from 'fastify';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DomainError, invalidField } from '../../common/errors/index.js';
import type { ImportSettings } from './import-settings.js';

/** The form field that carries the bundle. */
const FILE_FIELD = 'file';

/** A form holds the file and a few short options; what exceeds this is no form of ours. */
const FORM_LIMITS = { fields: 10, fieldSize: 1_000, files: 2, parts: 12, fileSize: Number.MAX_SAFE_INTEGER };

const MAX_NAME_LENGTH = 200;
const MEBIBYTE = 1024 * 1024;

export interface UploadedBundle {
  /** The temporary file that holds the bundle. */
  file: string;
  /** The name that the sender gave the file, without folders; null for a raw body. */
  fileName: string | null;
  /** The other fields of a form. */
  fields: Record<string, string>;
}

/**
 * Streams the bundle of a request (a form's field `file`, or the raw body) into a temporary file for `work`, and removes it whatever happens.
 * @throws DomainError naming `file` when there is no bundle or more than one, `payload_too_large` beyond `maxBytes`.
 */
export async function withUploadedBundle<T>(
  request: FastifyRequest,
  { maxBytes, temporaryFolder }: Pick<ImportSettings, 'maxBytes' | 'temporaryFolder'>,
  work: (bundle: UploadedBundle) => Promise<T>,
): Promise<T> {
  const announced = Number(request.headers['content-length'] ?? 0);
  // A form is larger than its file by its boundaries and options, which the limits of the form bound.
  if (announced > maxBytes + (request.isMultipart() ? 64 * 1024 : 0)) throw tooLarge(maxBytes);
  const folder = await mkdtemp(path.join(temporaryFolder, 'vedette-import-'));
  try {
    return await work(await receive(request, path.join(folder, 'bundle.json'), maxBytes));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function receive(request: FastifyRequest, file: string, maxBytes: number): Promise<UploadedBundle> {
  try {
    if (request.isMultipart()) return await receiveForm(request, file, maxBytes);
    await receiveStream(request.body as Readable | undefined, file, maxBytes);
    return { file, fileName: null, fields: {} };
  } catch (error) {
    // The rest is dropped as it comes: a body that nobody reads would hold up the connection, and a sender that hears nothing until it has sent all.
    request.raw.unpipe();
    request.raw.resume();
    throw request.raw.destroyed && !request.raw.complete ? brokenOff() : asFault(error);
  }
}

async function receiveForm(request: FastifyRequest, file: string, maxBytes: number): Promise<UploadedBundle> {
  const fields: Record<string, string> = {};
  let fileName: string | null = null;
  for await (const part of request.parts({ limits: FORM_LIMITS })) {
    if (part.type === 'file') {
      if (part.fieldname !== FILE_FIELD)
        throw invalidField(
          part.fieldname.slice(0, MAX_NAME_LENGTH),
          `is not known here: send the bundle as ${FILE_FIELD}`,
        );
      if (fileName !== null) throw invalidField(FILE_FIELD, 'must be one file: the form holds two');
      fileName = baseName(part.filename);
      await receiveStream(part.file, file, maxBytes);
    } else {
      if (part.fieldname in fields) throw invalidField(part.fieldname.slice(0, MAX_NAME_LENGTH), 'must be given once');
      fields[part.fieldname.slice(0, MAX_NAME_LENGTH)] = String(part.value);
    }
  }
  if (fileName === null) {
    throw invalidField(
      FILE_FIELD,
      fields[FILE_FIELD] === undefined
        ? 'must be sent: the bundle'
        : 'must be a file, not text: give the part a file name',
    );
  }
  return { file, fileName, fields };
}

async function receiveStream(body: Readable | undefined, file: string, maxBytes: number): Promise<void> {
  if (!body) throw invalidField(FILE_FIELD, 'must be sent: a STIX bundle as a form field of this name, or as the body');
  await pipeline(limited(body, maxBytes), createWriteStream(file, { mode: 0o600 }));
}

/** Leaves the stream as it is when it stops: destroying the body of a request would take the connection with it, and the answer. */
async function* limited(body: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/** The form's parser throws plain errors, all of them about what was sent; what the file system throws names its call. */
function asFault(error: unknown): unknown {
  const { syscall, statusCode, message } = error as { syscall?: unknown; statusCode?: unknown; message: string };
  if (error instanceof DomainError || syscall !== undefined || statusCode !== undefined) return error;
  return invalidField(FILE_FIELD, `cannot be read, the form is broken: ${message}`);
}

/** Browsers send the bare name, other programs whole paths of either kind. */
function baseName(fileName: string | undefined): string {
  const name = (fileName ?? '').split(/[/\\]/).at(-1)!;
  return name.replace(/\p{Cc}/gu, '').slice(0, MAX_NAME_LENGTH) || 'unnamed';
}

function tooLarge(maxBytes: number): DomainError {
  const size = maxBytes < MEBIBYTE ? `${maxBytes} bytes` : `${Math.floor((maxBytes / MEBIBYTE) * 10) / 10} MiB`;
  const message = `must have at most ${size}`;
  return new DomainError('payload_too_large', `${FILE_FIELD} ${message}`, [{ field: FILE_FIELD, message }]);
}

function brokenOff(): DomainError {
  return invalidField(FILE_FIELD, 'was not sent to its end');
}

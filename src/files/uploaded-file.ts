import type { FastifyRequest } from 'fastify';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DomainError, invalidField } from '../common/errors/index.js';

/** The form field that carries the file. */
const FILE_FIELD = 'file';

/** Our forms hold a file and a few short options. A larger form is refused. */
const FORM_LIMITS = { fields: 20, fieldSize: 1_000, files: 2, parts: 22, fileSize: Number.MAX_SAFE_INTEGER };

const MAX_NAME_LENGTH = 200;
const MEBIBYTE = 1024 * 1024;

/** Limits and places for receiving uploads. */
export interface UploadSettings {
  /** The size of the largest file. */
  maxBytes: number;
  /** The folder of the file while it is used. */
  temporaryFolder: string;
  /** The name of the file in errors, such as `bundle`. */
  what: string;
}

export interface UploadedFile {
  /** The temporary file with the sent bytes. */
  file: string;
  /** The name that the sender gave the file, without folders; null for a raw body. */
  fileName: string | null;
  /** The other fields of a form. */
  fields: Record<string, string>;
}

/** An upload that stays until the caller removes it. */
export interface ReceivedUpload extends UploadedFile {
  remove: () => Promise<void>;
}

/**
 * Streams the file of a request (the form field `file`, or the raw body) into a temporary file for `work`. It always
 * removes the file afterwards.
 * @throws DomainError naming `file` if there is none or more than one, `payload_too_large` beyond `maxBytes`.
 */
export async function withUploadedFile<T>(
  request: FastifyRequest,
  settings: UploadSettings,
  work: (upload: UploadedFile) => Promise<T>,
): Promise<T> {
  const upload = await receiveUpload(request, settings);
  try {
    return await work(upload);
  } finally {
    await upload.remove();
  }
}

/**
 * Like {@link withUploadedFile}, for work that outlasts the request: the caller removes the file. If this throws, no
 * file is left.
 */
export async function receiveUpload(request: FastifyRequest, settings: UploadSettings): Promise<ReceivedUpload> {
  const { maxBytes, temporaryFolder } = settings;
  const announced = Number(request.headers['content-length'] ?? 0);
  // A form is larger than its file by its boundaries and options, which the form limits keep small.
  if (announced > maxBytes + (request.isMultipart() ? 64 * 1024 : 0)) throw tooLarge(maxBytes);
  const folder = await mkdtemp(path.join(temporaryFolder, 'vedette-import-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    return { ...(await receive(request, path.join(folder, 'upload'), settings)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function receive(request: FastifyRequest, file: string, settings: UploadSettings): Promise<UploadedFile> {
  try {
    if (request.isMultipart()) return await receiveForm(request, file, settings);
    await receiveStream(request.body as Readable | undefined, file, settings);
    return { file, fileName: null, fields: {} };
  } catch (error) {
    // Drains the rest: an unread body would block the connection, and a sender may read the answer only after it has
    // sent everything.
    request.raw.unpipe();
    request.raw.resume();
    throw request.raw.destroyed && !request.raw.complete ? incompleteUpload() : asFault(error);
  }
}

async function receiveForm(request: FastifyRequest, file: string, settings: UploadSettings): Promise<UploadedFile> {
  const fields: Record<string, string> = {};
  let fileName: string | null = null;
  for await (const part of request.parts({ limits: FORM_LIMITS })) {
    if (part.type === 'file') {
      if (part.fieldname !== FILE_FIELD) {
        throw invalidField(
          part.fieldname.slice(0, MAX_NAME_LENGTH),
          `is not known here: send the ${settings.what} as ${FILE_FIELD}`,
        );
      }
      if (fileName !== null) throw invalidField(FILE_FIELD, 'must be one file: the form holds two');
      fileName = baseName(part.filename);
      await receiveStream(part.file, file, settings);
    } else {
      if (part.fieldname in fields) throw invalidField(part.fieldname.slice(0, MAX_NAME_LENGTH), 'must be given once');
      fields[part.fieldname.slice(0, MAX_NAME_LENGTH)] = String(part.value);
    }
  }
  if (fileName === null) {
    throw invalidField(
      FILE_FIELD,
      fields[FILE_FIELD] === undefined
        ? `must be sent: the ${settings.what}`
        : 'must be a file, not text: give the part a file name',
    );
  }
  return { file, fileName, fields };
}

async function receiveStream(
  body: Readable | undefined,
  file: string,
  { maxBytes, what }: UploadSettings,
): Promise<void> {
  if (!body) throw invalidField(FILE_FIELD, `must be sent: the ${what} as a form field of this name, or as the body`);
  await pipeline(limited(body, maxBytes), createWriteStream(file, { mode: 0o600 }));
}

/** Does not destroy the stream when it stops, because that would close the connection before the answer. */
async function* limited(body: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/**
 * The form parser throws plain errors about the request. Errors of the file system have a `syscall`, and stay as they
 * are.
 */
function asFault(error: unknown): unknown {
  const { syscall, statusCode, message } = error as { syscall?: unknown; statusCode?: unknown; message: string };
  if (error instanceof DomainError || syscall !== undefined || statusCode !== undefined) return error;
  return invalidField(FILE_FIELD, `cannot be read, the form is broken: ${message}`);
}

/** Browsers send the bare name; other programs send whole paths with slashes or backslashes. */
function baseName(fileName: string | undefined): string {
  const name = (fileName ?? '').split(/[/\\]/).at(-1)!;
  return name.replace(/\p{Cc}/gu, '').slice(0, MAX_NAME_LENGTH) || 'unnamed';
}

function tooLarge(maxBytes: number): DomainError {
  const size = maxBytes < MEBIBYTE ? `${maxBytes} bytes` : `${Math.floor((maxBytes / MEBIBYTE) * 10) / 10} MiB`;
  const message = `must have at most ${size}`;
  return new DomainError('payload_too_large', `${FILE_FIELD} ${message}`, [{ field: FILE_FIELD, message }]);
}

function incompleteUpload(): DomainError {
  return invalidField(FILE_FIELD, 'was not sent completely');
}

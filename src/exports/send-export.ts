import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { ExportFile } from './export-format.js';

/** Describes a route that answers with a file. */
export function ApiExport(): MethodDecorator {
  return applyDecorators(
    ApiProduces('application/json', 'text/csv'),
    ApiOkResponse({
      description: 'The file, with its name in Content-Disposition.',
      schema: { type: 'string', format: 'binary' },
    }),
  );
}

/** @returns the body of the answer. */
export function sendExport(reply: FastifyReply, { fileName, contentType, text }: ExportFile): string {
  void reply
    .header('content-type', contentType)
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .header('cache-control', 'no-store');
  return text;
}

import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const DESCRIPTION = `Operational alerts for MITRE ATT&CK detection coverage.

Sign in with \`POST /api/v1/auth/login\` and press **Authorize** with the \`access_token\`, or use an API key (\`vdt_...\`). \`x-roles\` of each
operation lists the roles that may call it. Every error is a problem document (RFC 9457): \`code\` identifies the error, \`errors\` lists each
invalid field and the values that it accepts. Times are ISO 8601 in UTC; ids are UUIDs.`;

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', example: 'about:blank' },
    title: { type: 'string', example: 'Bad Request' },
    status: { type: 'integer', example: 400 },
    detail: { type: 'string', example: 'config.min_count must be a whole number from 1 to 100000' },
    code: { type: 'string', example: 'invalid_input' },
    request_id: { type: 'string', description: 'The id of this request in the log.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

/** Builds the OpenAPI document from the controllers. Every error answer gets the schema of the problem document. */
export function buildOpenApiDocument(app: INestApplication, { isDemo = false } = {}): OpenAPIObject {
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder()
      .setTitle(isDemo ? 'Vedette (demo: generated data)' : 'Vedette')
      .setDescription(DESCRIPTION)
      .setVersion('1')
      .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token, or an API key (vdt_...).' })
      .build(),
    { operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}` },
  );
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA as never },
  };
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations)) describeProblems(operation as Operation);
  }
  return document;
}

interface Operation {
  responses?: Record<string, { description?: string; content?: unknown }>;
}

function describeProblems(operation: Operation): void {
  if (!operation.responses) return;
  operation.responses.default ??= { description: 'A problem document.' };
  for (const [status, response] of Object.entries(operation.responses)) {
    if ((status === 'default' || Number(status) >= 400) && !response.content) {
      response.content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    }
  }
}

/** The path of the explorer. */
export const EXPLORER_PATH = 'docs';

/** Serves the explorer at `/docs` and the document at `/docs-json`. */
export function serveOpenApi(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup(EXPLORER_PATH, app, document, {
    jsonDocumentUrl: `${EXPLORER_PATH}-json`,
    customSiteTitle: document.info.title,
    swaggerOptions: { persistAuthorization: true, deepLinking: true, tagsSorter: 'alpha' },
  });
}

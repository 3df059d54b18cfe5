import { Controller, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { invalidField } from '../../common/errors/index.js';
import { formOptions } from '../../files/form-options.js';
import { STREAMED_BODY } from '../../files/import-uploads.js';
import { receiveUpload, type ReceivedUpload } from '../../files/uploaded-file.js';
import { PostureImportSettings } from '../preview/posture-import-settings.js';
import { PostureImportUploads, type ReceivedImport } from '../preview/posture-import-uploads.js';
import { PostureImportAnswers } from './posture-import-answers.js';
import { POSTURE_IMPORT_BODY } from './posture-import-body.js';
import { FORMAT_WORDS, ImportPostureQuery, optionTexts } from './posture-import.dto.js';
import { PostureImportDetailResponse } from './posture-import.response.js';

const STATUS_OF = { previewed: 201, already_applied: 200, reading: 202 } as const;

@ApiTags('posture imports')
@Controller('posture/imports')
export class PostureImportUploadController {
  constructor(
    private readonly uploads: PostureImportUploads,
    private readonly answers: PostureImportAnswers,
    private readonly settings: PostureImportSettings,
  ) {}

  @Post()
  @Access('lead')
  @RouteConfig(STREAMED_BODY)
  @ApiOperation({
    summary: 'Preview an import of posture from a file',
    description:
      'Takes the file as a form with the field `file`, or as the body itself. In a form the options may be fields or query parameters. The posture changes ' +
      'only when the preview is applied. If the same file with the same options is applied already, the answer is that import, until another import is ' +
      'applied or that one is undone.',
    requestBody: POSTURE_IMPORT_BODY,
  })
  @ApiResponse({
    status: 200,
    type: PostureImportDetailResponse,
    description: 'The file is applied already; nothing was stored.',
  })
  @ApiResponse({ status: 201, type: PostureImportDetailResponse, description: 'The preview.' })
  @ApiResponse({
    status: 202,
    type: PostureImportDetailResponse,
    description: 'The file is large and still being read: ask for the import again.',
  })
  @ApiResponse({ status: 413, description: 'The file is too large.' })
  @ApiResponse({ status: 415, description: 'The body is of another type.' })
  async upload(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Query() query: ImportPostureQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostureImportDetailResponse> {
    const upload = await receiveUpload(request, { ...this.settings, what: 'file' });
    const { run, outcome } = await this.receive(organizationId, actorId, upload, query);
    void reply.status(STATUS_OF[outcome]);
    return this.answers.detail(run, outcome === 'already_applied');
  }

  private async receive(
    organizationId: string,
    actorId: string,
    { file, fileName, fields, remove }: ReceivedUpload,
    query: ImportPostureQuery,
  ): Promise<ReceivedImport> {
    try {
      const options = formOptions(ImportPostureQuery, query, fields);
      const { format, preset, force = false } = options;
      if (format === undefined) throw invalidField('format', FORMAT_WORDS);
      const request = { file, fileName, format, preset, force, actorId, options: optionTexts(options) };
      return await this.uploads.receive(organizationId, request, remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }
}

import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { Clock } from '../../common/clock.js';
import { invalidField } from '../../common/errors/index.js';
import { PageQuery, pageRequest } from '../../common/pagination/index.js';
import { formOptions } from '../files/form-options.js';
import { STREAMED_BODY } from '../files/import-uploads.js';
import { receiveUpload, type ReceivedUpload } from '../files/uploaded-file.js';
import { PostureImportApplier } from './posture-import-applier.js';
import { POSTURE_IMPORT_BODY } from './posture-import-body.js';
import { PostureImportSettings } from './posture-import-settings.js';
import { PostureImportUploads, type ReceivedImport } from './posture-import-uploads.js';
import {
  ApplyImportRequest,
  FORMAT_WORDS,
  ImportPostureQuery,
  ListImportChangesQuery,
  optionTexts,
} from './posture-import.dto.js';
import type { PostureImport } from './posture-import.entity.js';
import {
  toChangeResponse,
  toImportDetail,
  toImportResponse,
  toPresetResponse,
  toUndoResponse,
} from './posture-import.mapper.js';
import {
  PostureImportChangeListResponse,
  PostureImportDetailResponse,
  PostureImportListResponse,
  PresetListResponse,
  UndoImportResponse,
} from './posture-import.response.js';
import { PostureImports } from './posture-imports.service.js';
import { PRESETS } from './presets/preset-list.js';

const SHOWN_CHANGES = 100;
const STATUS_OF = { previewed: 201, already_applied: 200, reading: 202 } as const;

@ApiTags('posture imports')
@Controller('posture/imports')
export class PostureImportsController {
  constructor(
    private readonly imports: PostureImports,
    private readonly uploads: PostureImportUploads,
    private readonly applier: PostureImportApplier,
    private readonly settings: PostureImportSettings,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Access('lead')
  @RouteConfig(STREAMED_BODY)
  @ApiOperation({
    summary: 'Preview an import of posture from a Navigator layer, DeTT&CT, CSV or JSON file',
    description:
      'Takes the file as a form with the field `file`, or as the body itself; in a form the options may be fields as well as query parameters. Nothing of the ' +
      'posture changes before the preview is applied. The same file with the same options is answered with the import that is applied, until another is ' +
      'applied or it is undone.',
    requestBody: POSTURE_IMPORT_BODY,
  })
  @ApiResponse({
    status: 200,
    type: PostureImportDetailResponse,
    description: 'It is applied already; nothing was stored.',
  })
  @ApiResponse({ status: 201, type: PostureImportDetailResponse, description: 'The preview.' })
  @ApiResponse({
    status: 202,
    type: PostureImportDetailResponse,
    description: 'The file is large and being read: ask for the import again.',
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
    return this.detail(run, outcome === 'already_applied');
  }

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List imports of posture, newest first' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<PostureImportListResponse> {
    const page = await this.imports.list(principal.organizationId, pageRequest(query));
    const now = this.clock.now();
    return {
      items: page.items.map((run) => toImportResponse(run, now)),
      total: page.total,
      next_cursor: page.nextCursor,
    };
  }

  @Get('presets')
  @Access('viewer')
  @ApiOperation({ summary: 'List the presets of imports with their options' })
  presets(): PresetListResponse {
    return { items: PRESETS.map(toPresetResponse) };
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'Get an import of posture' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<PostureImportDetailResponse> {
    return this.detail(await this.imports.get(principal.organizationId, id));
  }

  @Get(':id/changes')
  @Access('viewer')
  @ApiOperation({ summary: 'List what an import changes, in the order of the ATT&CK ids' })
  async changes(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() { limit = SHOWN_CHANGES, offset }: ListImportChangesQuery,
  ): Promise<PostureImportChangeListResponse> {
    const { items, total } = await this.imports.changes(principal.organizationId, id, { limit, offset });
    return { items: items.map(toChangeResponse), total };
  }

  @Post(':id/apply')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Apply a previewed import, all or nothing' })
  @ApiResponse({
    status: 409,
    description:
      'It is not previewed (current_status tells what it is), or the posture moved since (moved tells where).',
  })
  async apply(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
    @Body() body: ApplyImportRequest,
  ): Promise<PostureImportDetailResponse> {
    return this.detail(await this.applier.apply(organizationId, id, { replan: body?.replan ?? false, actorId }));
  }

  @Post(':id/undo')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Undo an applied import, but for what somebody has changed since' })
  @ApiResponse({ status: 409, description: 'It is not applied; current_status tells what it is.' })
  async undo(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
  ): Promise<UndoImportResponse> {
    return toUndoResponse(await this.applier.undo(organizationId, id, actorId), this.clock.now());
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

  private async detail(run: PostureImport, alreadyApplied = false): Promise<PostureImportDetailResponse> {
    const { items } = await this.imports.changes(run.organizationId, run.id, { limit: SHOWN_CHANGES });
    return toImportDetail(run, items, { now: this.clock.now(), alreadyApplied });
  }
}

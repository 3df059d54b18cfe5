import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { Clock } from '../../common/clock.js';
import { PageQuery, pageRequest } from '../../common/pagination/index.js';
import { PostureImportApplier } from '../apply/posture-import-applier.js';
import { PostureImportUndo } from '../apply/posture-import-undo.js';
import { PRESETS } from '../presets/index.js';
import { PostureImports } from '../preview/posture-imports.service.js';
import { PostureImportAnswers, SHOWN_CHANGES } from './posture-import-answers.js';
import { ApplyImportRequest, ListImportChangesQuery } from './posture-import.dto.js';
import { toChangeResponse, toImportResponse, toPresetResponse, toUndoResponse } from './posture-import.mapper.js';
import {
  PostureImportChangeListResponse,
  PostureImportDetailResponse,
  PostureImportListResponse,
  PresetListResponse,
  UndoImportResponse,
} from './posture-import.response.js';

@ApiTags('posture imports')
@Controller('posture/imports')
export class PostureImportsController {
  constructor(
    private readonly imports: PostureImports,
    private readonly applier: PostureImportApplier,
    private readonly undoing: PostureImportUndo,
    private readonly answers: PostureImportAnswers,
    private readonly clock: Clock,
  ) {}

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
    return this.answers.detail(await this.imports.get(principal.organizationId, id));
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
    description: 'It is not previewed (see current_status), or the posture has changed since the preview (see moved).',
  })
  async apply(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
    @Body() body: ApplyImportRequest,
  ): Promise<PostureImportDetailResponse> {
    return this.answers.detail(
      await this.applier.apply(organizationId, id, { replan: body?.replan ?? false, actorId }),
    );
  }

  @Post(':id/undo')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Undo an applied import, except for techniques that were changed since' })
  @ApiResponse({ status: 409, description: 'It is not applied; see current_status.' })
  async undo(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
  ): Promise<UndoImportResponse> {
    return toUndoResponse(await this.undoing.undo(organizationId, id, actorId), this.clock.now());
  }
}

import { Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { forbidden } from '../../common/errors/index.js';
import { pageRequest, PageQuery } from '../../common/pagination/index.js';
import { OrganizationsService } from '../../organizations/index.js';
import { formOptions } from '../files/form-options.js';
import { STREAMED_BODY } from '../files/import-uploads.js';
import { withUploadedFile, type UploadedFile } from '../files/uploaded-file.js';
import type { CatalogueImportResult } from './catalogue-import.result.js';
import { CatalogueImports } from './catalogue-imports.service.js';
import { ImportAttackQuery } from './import.dto.js';
import { CatalogueImportListResponse, CatalogueImportResponse } from './import.response.js';
import { ImportSettings } from './import-settings.js';
import { IMPORT_BODY } from './import-body.js';

@ApiTags('imports')
@Controller('imports')
export class ImportsController {
  constructor(
    private readonly imports: CatalogueImports,
    private readonly organizations: OrganizationsService,
    private readonly settings: ImportSettings,
  ) {}

  @Post('attack')
  @HttpCode(200)
  @Access('admin')
  @RouteConfig(STREAMED_BODY)
  @ApiOperation({
    summary: "Import an ATT&CK STIX bundle into the shared catalogue (admins of the operator's organisation)",
    description:
      'Takes a STIX 2.0 or 2.1 bundle as a form with the field `file`, or as the body itself. In a form the options may be fields as well as query ' +
      'parameters. Importing the same bundle again changes nothing. A sender that is refused has nothing of its body read.',
    requestBody: IMPORT_BODY,
  })
  @ApiResponse({ status: 409, description: 'A newer release of this domain is loaded.' })
  @ApiResponse({ status: 413, description: 'The bundle is too large.' })
  @ApiResponse({ status: 415, description: 'The body is of another type.' })
  async importAttack(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ImportAttackQuery,
    @Req() request: FastifyRequest,
  ): Promise<CatalogueImportResponse> {
    if (!(await this.organizations.isDefault(principal.organizationId))) {
      throw forbidden(
        "the ATT&CK catalogue is shared by all organisations: only admins of the operator's organisation may import it",
      );
    }
    const settings = { ...this.settings, what: 'bundle' };
    return withUploadedFile(request, settings, (bundle) => this.importBundle(bundle, query, principal.actorId));
  }

  @Get('attack')
  @Access('viewer')
  @ApiOperation({ summary: 'List imports into the ATT&CK catalogue, newest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<CatalogueImportListResponse> {
    const page = await this.imports.list(pageRequest(query));
    const isOperator = await this.organizations.isDefault(principal.organizationId);
    return {
      items: isOperator ? page.items : page.items.map(withoutOrigin),
      total: page.total,
      next_cursor: page.nextCursor,
    };
  }

  private importBundle(
    { file, fileName, fields }: UploadedFile,
    query: ImportAttackQuery,
    importedBy: string,
  ): Promise<CatalogueImportResult> {
    const {
      attack_version: attackVersion,
      domain,
      allow_older: allowOlder,
    } = formOptions(ImportAttackQuery, query, fields);
    const source = fileName === null ? 'upload' : `upload: ${fileName}`;
    return this.imports.importFile(file, { attackVersion, domain, allowOlder, source, importedBy });
  }
}

/** Who works for the operator, and the names of the operator's files, are no business of the other organisations. */
function withoutOrigin(result: CatalogueImportResult): CatalogueImportResult {
  return { ...result, source: result.source.split(':', 1)[0]!, imported_by: null };
}

import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { forbidden } from '../../common/errors/index.js';
import { pageRequest, PageQuery } from '../../common/pagination/index.js';
import { formOptions } from '../../files/form-options.js';
import { STREAMED_BODY } from '../../files/import-uploads.js';
import { withUploadedFile, type UploadedFile } from '../../files/uploaded-file.js';
import { OrganizationsService } from '../../organizations/index.js';
import type { CatalogueImportResult } from '../import/catalogue-import.result.js';
import { CatalogueImports, type PastCatalogueImport } from '../import/catalogue-imports.service.js';
import { ImportSettings } from '../import/import-settings.js';
import { CataloguePreview } from '../preview/catalogue-preview.service.js';
import { CatalogueUndo } from '../undo/catalogue-undo.service.js';
import { IMPORT_BODY } from './import-body.js';
import { toImportPreviewResponse } from './import-preview.mapper.js';
import { ImportPreviewResponse } from './import-preview.response.js';
import { ImportAttackQuery } from './import.dto.js';
import { CatalogueImportListResponse, CatalogueImportResponse, UndoneImportResponse } from './import.response.js';

@ApiTags('imports')
@Controller('imports')
export class ImportsController {
  constructor(
    private readonly imports: CatalogueImports,
    private readonly previews: CataloguePreview,
    private readonly undone: CatalogueUndo,
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
      'parameters. Importing the same bundle again changes nothing. If the sender is refused, the body is not read.',
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
    await this.refuseUnlessOperator(principal, 'import it');
    return withUploadedFile(request, { ...this.settings, what: 'bundle' }, (bundle) =>
      this.importBundle(bundle, query, principal.actorId),
    );
  }

  @Post('attack/preview')
  @HttpCode(200)
  @Access('admin')
  @RouteConfig(STREAMED_BODY)
  @ApiOperation({
    summary: 'Preview the effect of an ATT&CK STIX bundle on the organisation, without importing it',
    description:
      'Takes the same input as the import. It shows coverage with and without carry-over, for any value of `carry_over`.',
    requestBody: IMPORT_BODY,
  })
  @ApiResponse({ status: 409, description: 'A newer release of this domain is loaded.' })
  @ApiResponse({ status: 413, description: 'The bundle is too large.' })
  @ApiResponse({ status: 415, description: 'The body is of another type.' })
  async preview(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() query: ImportAttackQuery,
    @Req() request: FastifyRequest,
  ): Promise<ImportPreviewResponse> {
    return withUploadedFile(request, { ...this.settings, what: 'bundle' }, async ({ file, fields }) => {
      const {
        attack_version: attackVersion,
        domain,
        allow_older: allowOlder,
      } = formOptions(ImportAttackQuery, query, fields);
      const options = { attackVersion, domain, allowOlder };
      return toImportPreviewResponse(await this.previews.preview(organizationId, file, options));
    });
  }

  @Post('attack/:id/undo')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary: "Undo the newest import of a domain (admins of the operator's organisation)",
    description:
      'Restores the catalogue. Carried-over posture that was not changed since is taken back. A technique that the import added is removed, or kept out of ' +
      'force if an organisation has used it.',
  })
  @ApiResponse({ status: 404, description: 'There is no such import.' })
  @ApiResponse({ status: 409, description: 'It is already undone, or a newer import of its domain exists.' })
  async undo(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<UndoneImportResponse> {
    await this.refuseUnlessOperator(principal, 'undo an import of it');
    return this.undone.undo(id, principal.actorId);
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

  private async refuseUnlessOperator({ organizationId }: Principal, action: string): Promise<void> {
    if (await this.organizations.isDefault(organizationId)) return;
    throw forbidden(
      `the ATT&CK catalogue is shared by all organisations: only admins of the operator's organisation may ${action}`,
    );
  }

  private importBundle(
    { file, fileName, fields }: UploadedFile,
    query: ImportAttackQuery,
    importedBy: string,
  ): Promise<CatalogueImportResult> {
    const options = formOptions(ImportAttackQuery, query, fields);
    const { attack_version: attackVersion, domain, allow_older: allowOlder, carry_over: carryOver } = options;
    const source = fileName === null ? 'upload' : `upload: ${fileName}`;
    return this.imports.importFile(file, { attackVersion, domain, allowOlder, carryOver, source, importedBy });
  }
}

/**
 * Hides the operator's people and file names, and the posture of other organisations, from organisations other than the
 * operator's.
 */
function withoutOrigin(result: PastCatalogueImport): PastCatalogueImport {
  return { ...result, source: result.source.split(':', 1)[0]!, imported_by: null, carried_over: null };
}

import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { parseInstant } from '../common/instant.js';
import { PageQuery, pageRequest } from '../common/pagination/index.js';
import { toIso } from '../common/wire.js';
import { CreateApiKeyRequest } from './api-key.dto.js';
import type { ApiKey } from './api-key.entity.js';
import { ApiKeyListResponse, ApiKeyResponse, CreatedApiKeyResponse } from './api-key.response.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('api-keys')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @Access('admin')
  @ApiOperation({ summary: 'List API keys, newest first, including revoked keys' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<ApiKeyListResponse> {
    const page = await this.apiKeys.list(principal.organizationId, pageRequest(query));
    return { items: page.items.map(toResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Post()
  @Header('cache-control', 'no-store')
  @Access('admin')
  @ApiOperation({ summary: 'Create an API key; the response is the only time the key is shown' })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateApiKeyRequest,
  ): Promise<CreatedApiKeyResponse> {
    const expiresAt = parseInstant(body.expires_at) ?? null;
    const input = { name: body.name, role: body.role, expiresAt };
    const { apiKey, key } = await this.apiKeys.create(principal.organizationId, input, principal.actorId);
    return { ...toResponse(apiKey), key };
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('admin')
  @ApiOperation({ summary: 'Revoke an API key; it stays in the list' })
  async revoke(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.apiKeys.revoke(principal.organizationId, id);
  }
}

function toResponse(apiKey: ApiKey): ApiKeyResponse {
  return {
    id: apiKey.id,
    name: apiKey.name,
    role: apiKey.role,
    prefix: apiKey.prefix,
    created_by: apiKey.createdBy,
    created_at: toIso(apiKey.createdAt),
    last_used_at: toIso(apiKey.lastUsedAt),
    expires_at: toIso(apiKey.expiresAt),
    revoked_at: toIso(apiKey.revokedAt),
  };
}

import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { SnapshotPolicies, type SnapshotPolicyFacts } from './snapshot-policies.service.js';
import { PatchSnapshotPolicyRequest } from './snapshot-policy.dto.js';
import { SnapshotPolicyResponse } from './snapshot-policy.response.js';

@ApiTags('snapshots')
@Controller('snapshots/policy')
export class SnapshotPolicyController {
  constructor(private readonly policies: SnapshotPolicies) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'Show how snapshots are counted' })
  async get(@CurrentPrincipal() principal: Principal): Promise<SnapshotPolicyResponse> {
    return toResponse(await this.policies.get(principal.organizationId));
  }

  @Patch()
  @Access('admin')
  @ApiOperation({
    summary: 'Change how snapshots are counted from now on',
    description:
      'Snapshots that were taken stay as they are. Those that come are compared only with snapshots that were counted in the same way, so that a change of ' +
      'the roll-up or of the scope is never told as a regression; `newest_comparable_date` says from which day on that is.',
  })
  async change(
    @CurrentPrincipal() principal: Principal,
    @Body() { rollup, scope }: PatchSnapshotPolicyRequest,
  ): Promise<SnapshotPolicyResponse> {
    return toResponse(await this.policies.change(principal.organizationId, { rollup, scope }, principal.actorId));
  }
}

function toResponse({
  rollup,
  scope,
  updatedAt,
  updatedBy,
  newestComparableDate,
}: SnapshotPolicyFacts): SnapshotPolicyResponse {
  return {
    rollup,
    scope,
    newest_comparable_date: newestComparableDate,
    updated_at: updatedAt?.toISOString() ?? null,
    updated_by: updatedBy,
  };
}

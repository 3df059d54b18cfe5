import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../../common/http/index.js';
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
    summary: 'Change how future snapshots are counted',
    description:
      'Existing snapshots stay unchanged. Later snapshots are compared only with those that were counted in the same way, so a change of ' +
      'the roll-up or the scope never looks like a regression. `newest_comparable_date` is the newest snapshot that was counted in this way.',
  })
  @AcceptsUnchangedAnswer<SnapshotPolicyController>(PatchSnapshotPolicyRequest, (policy, principal) =>
    policy.get(principal),
  )
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

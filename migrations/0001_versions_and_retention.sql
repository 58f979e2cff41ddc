ALTER TABLE "workflow_versions" ALTER COLUMN "document" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD COLUMN "document_of" integer;--> statement-breakpoint
ALTER TABLE "workflows" ADD COLUMN "is_unsaved_clone" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_log_by_time" ON "audit_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "ended_runs_by_start" ON "ended_runs" USING btree ("started_at" DESC NULLS FIRST,"run_id");--> statement-breakpoint
CREATE INDEX "ended_runs_by_end" ON "ended_runs" USING btree ("completed_at");--> statement-breakpoint
UPDATE "workflows" SET "is_unsaved_clone" = true WHERE "cloned_from" IS NOT NULL AND "version" = 1 AND "triggers_version" = 1 AND NOT EXISTS (SELECT 1 FROM "triggers" WHERE "triggers"."workflow_id" = "workflows"."id");

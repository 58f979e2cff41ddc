CREATE TABLE "api_tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"name" text NOT NULL,
	"user_id" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"target" text NOT NULL,
	"detail" jsonb
);
--> statement-breakpoint
CREATE TABLE "connections" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"skill" text NOT NULL,
	"provider" text NOT NULL,
	"account" text,
	"status" text DEFAULT 'active' NOT NULL,
	"problem" text,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"env" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"sealed" text NOT NULL,
	"hosts" text[] DEFAULT '{}' NOT NULL,
	"revision" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ended_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"workflow_id" text NOT NULL,
	"owner" text,
	"status" text NOT NULL,
	"snapshot" text NOT NULL,
	"events" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "oauth_states" (
	"state_hash" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"skill" text NOT NULL,
	"provider" text NOT NULL,
	"permissions" text[] NOT NULL,
	"sealed" text NOT NULL,
	"return_to" text,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "triggers" (
	"id" text PRIMARY KEY NOT NULL,
	"workflow_id" text NOT NULL,
	"entry_point_id" text NOT NULL,
	"type" text NOT NULL,
	"config" jsonb NOT NULL,
	"path" text,
	"topic" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"trigger_id" text NOT NULL,
	"delivery_id" text NOT NULL,
	"run_id" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_deliveries_trigger_id_delivery_id_pk" PRIMARY KEY("trigger_id","delivery_id")
);
--> statement-breakpoint
CREATE TABLE "workflow_shares" (
	"workflow_id" text NOT NULL,
	"user_id" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workflow_shares_workflow_id_user_id_pk" PRIMARY KEY("workflow_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "workflow_stars" (
	"workflow_id" text NOT NULL,
	"user_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workflow_stars_workflow_id_user_id_pk" PRIMARY KEY("workflow_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "workflow_versions" (
	"workflow_id" text NOT NULL,
	"version" integer NOT NULL,
	"content_hash" text NOT NULL,
	"document" text NOT NULL,
	"author" text NOT NULL,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "workflow_versions_workflow_id_version_pk" PRIMARY KEY("workflow_id","version")
);
--> statement-breakpoint
CREATE TABLE "workflows" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"definition_id" text NOT NULL,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"is_public" boolean DEFAULT false NOT NULL,
	"is_template" boolean DEFAULT false NOT NULL,
	"star_count" integer DEFAULT 0 NOT NULL,
	"clone_count" integer DEFAULT 0 NOT NULL,
	"cloned_from" text,
	"version" integer NOT NULL,
	"triggers_version" integer DEFAULT 0 NOT NULL,
	"step_count" integer NOT NULL,
	"search_text" text NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', search_text)) STORED,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "triggers" ADD CONSTRAINT "triggers_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_trigger_id_triggers_id_fk" FOREIGN KEY ("trigger_id") REFERENCES "public"."triggers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_shares" ADD CONSTRAINT "workflow_shares_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_stars" ADD CONSTRAINT "workflow_stars_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_tokens_by_hash" ON "api_tokens" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "api_tokens_by_user" ON "api_tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "audit_log_by_target" ON "audit_log" USING btree ("target","id");--> statement-breakpoint
CREATE INDEX "audit_log_by_actor" ON "audit_log" USING btree ("actor","id");--> statement-breakpoint
CREATE UNIQUE INDEX "connections_by_skill" ON "connections" USING btree ("owner","skill");--> statement-breakpoint
CREATE INDEX "ended_runs_by_workflow" ON "ended_runs" USING btree ("workflow_id","started_at");--> statement-breakpoint
CREATE INDEX "ended_runs_by_owner" ON "ended_runs" USING btree ("owner","started_at");--> statement-breakpoint
CREATE UNIQUE INDEX "triggers_by_path" ON "triggers" USING btree ("path");--> statement-breakpoint
CREATE INDEX "triggers_by_topic" ON "triggers" USING btree ("topic");--> statement-breakpoint
CREATE INDEX "triggers_by_workflow" ON "triggers" USING btree ("workflow_id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_time" ON "webhook_deliveries" USING btree ("at");--> statement-breakpoint
CREATE INDEX "workflow_shares_by_user" ON "workflow_shares" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "workflow_stars_by_user" ON "workflow_stars" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "workflows_by_owner" ON "workflows" USING btree ("owner","updated_at","id");--> statement-breakpoint
CREATE INDEX "workflows_by_update" ON "workflows" USING btree ("updated_at","id");--> statement-breakpoint
CREATE INDEX "workflows_by_definition" ON "workflows" USING hash ("definition_id");--> statement-breakpoint
CREATE INDEX "workflows_search" ON "workflows" USING gin ("search");--> statement-breakpoint
CREATE INDEX "workflows_tags" ON "workflows" USING gin ("tags");
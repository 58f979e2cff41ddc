ALTER TABLE "webhook_deliveries" ADD COLUMN "started_at" timestamp (3) with time zone;--> statement-breakpoint
-- What is known of older deliveries says that their runs were started.
UPDATE "webhook_deliveries" SET "started_at" = "at";

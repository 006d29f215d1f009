import io.trino.Session;
import io.trino.plugin.hive.HivePlugin;
import io.trino.testing.DistributedQueryRunner;
import io.trino.testing.TestingSession;
import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * Runs statements on a Trino of one node and prints of each its rows or its error: catalog `lake` signs with the credentials of the environment, catalog `forged`
 * with another secret. Then puts an object by the AWS SDK for Java 2 that Trino brings, as that does when nothing is set, and tries the other secret there too.
 * Arguments: bucket and key of the object, then the statements.
 */
public class Trino {
  private static final Map<String, String> ENV = System.getenv();
  /** Taken before Trino makes log lines of what is printed. */
  private static final PrintStream OUT = System.out;

  public static void main(String[] args) throws Exception {
    Session session = TestingSession.testSessionBuilder().setCatalog("lake").setSchema("default").build();
    try (DistributedQueryRunner runner = DistributedQueryRunner.builder(session).setWorkerCount(0).build()) {
      runner.installPlugin(new HivePlugin());
      String secret = ENV.get("AWS_SECRET_ACCESS_KEY");
      String metastore = Files.createTempDirectory("carelake-metastore").toString();
      addCatalog(runner, "lake", metastore, secret);
      addCatalog(runner, "forged", metastore, "x".repeat(secret.length()));
      for (int i = 2; i < args.length; i++) {
        try {
          OUT.println("rows " + runner.execute(args[i]).getMaterializedRows());
        } catch (RuntimeException error) {
          OUT.println("error " + messages(error));
        }
      }
    }
    AwsBasicCredentials forged = AwsBasicCredentials.create(ENV.get("AWS_ACCESS_KEY_ID"), "x".repeat(40));
    OUT.println(putByDefaults(EnvironmentVariableCredentialsProvider.create(), args[0], args[1]));
    OUT.println(putByDefaults(StaticCredentialsProvider.create(forged), args[0], args[1] + ".forged"));
    System.exit(0);
  }

  private static void addCatalog(DistributedQueryRunner runner, String name, String metastore, String secret) {
    runner.createCatalog(name, "hive", Map.ofEntries(
        Map.entry("hive.metastore", "file"),
        Map.entry("hive.metastore.catalog.dir", "local:///meta"),
        Map.entry("fs.native-local.enabled", "true"),
        Map.entry("local.location", metastore),
        Map.entry("fs.native-s3.enabled", "true"),
        Map.entry("s3.endpoint", ENV.get("AWS_ENDPOINT_URL")),
        Map.entry("s3.region", ENV.get("AWS_REGION")),
        Map.entry("s3.path-style-access", "true"),
        Map.entry("s3.streaming.part-size", "5MB"),
        Map.entry("s3.aws-access-key", ENV.get("AWS_ACCESS_KEY_ID")),
        Map.entry("s3.aws-secret-key", secret),
        Map.entry("hive.non-managed-table-writes-enabled", "true"),
        Map.entry("hive.recursive-directories", "true"),
        Map.entry("hive.timestamp-precision", "MICROSECONDS"),
        Map.entry("hive.parquet.use-column-names", "true")));
  }

  private static String messages(Throwable error) {
    StringBuilder text = new StringBuilder();
    for (Throwable at = error; at != null; at = at.getCause()) text.append(at.getMessage()).append("; ");
    return text.toString().replace('\n', ' ');
  }

  /** 3 MB from a stream: signed piece by piece, and the checksum after the last one. */
  private static String putByDefaults(AwsCredentialsProvider who, String bucket, String key) {
    byte[] bytes = new byte[3_000_000];
    new Random(7).nextBytes(bytes);
    URI endpoint = URI.create(ENV.get("AWS_ENDPOINT_URL"));
    try (S3Client s3 = S3Client.builder().credentialsProvider(who).endpointOverride(endpoint).forcePathStyle(true).build()) {
      s3.putObject(put -> put.bucket(bucket).key(key), RequestBody.fromInputStream(new ByteArrayInputStream(bytes), bytes.length));
      byte[] back = s3.getObjectAsBytes(get -> get.bucket(bucket).key(key)).asByteArray();
      return Arrays.equals(bytes, back) ? "put " + bytes.length : "error the object differs";
    } catch (RuntimeException error) {
      return "error " + messages(error);
    }
  }
}

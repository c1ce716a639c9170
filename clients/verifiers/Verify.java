// Verify a message of the portal with nothing but Java's own library (11 or newer).

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
    /** Whether body, the raw bytes, was signed with secret within the last five minutes. */
    public static boolean isSigned(
            String secret, String webhookId, String timestamp, String signatures, byte[] body)
            throws GeneralSecurityException {
        if (!timestamp.matches("[0-9]{1,12}")
                || Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(timestamp)) > 300) {
            return false;
        }
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((webhookId + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        String wanted = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        boolean fits = false;
        for (String given : signatures.split(" ")) {
            fits |= MessageDigest.isEqual(
                    wanted.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
        }
        return fits;
    }

    // java Verify.java SECRET ID TIMESTAMP SIGNATURES < body
    public static void main(String[] args) throws IOException, GeneralSecurityException {
        byte[] body = System.in.readAllBytes();
        System.exit(isSigned(args[0], args[1], args[2], args[3], body) ? 0 : 1);
    }
}

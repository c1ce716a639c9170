<?php
// Verify a message of the portal with nothing but PHP's own functions.

// Whether $body, the raw bytes (file_get_contents('php://input')), was signed with $secret within
// the last five minutes.
function is_signed(
    string $secret, string $webhookId, string $timestamp, string $signatures, string $body
): bool {
    if (!preg_match('/^\d{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $signed = "$webhookId.$timestamp.$body";
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    $fits = false;
    foreach (explode(' ', $signatures) as $given) {
        $fits = hash_equals($wanted, $given) || $fits;
    }
    return $fits;
}

// php verify.php SECRET ID TIMESTAMP SIGNATURES < body
if (PHP_SAPI === 'cli' && isset($argv[4]) && realpath($argv[0]) === __FILE__) {
    $body = stream_get_contents(STDIN);
    exit(is_signed($argv[1], $argv[2], $argv[3], $argv[4], $body) ? 0 : 1);
}

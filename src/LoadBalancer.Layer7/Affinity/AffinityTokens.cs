using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Affinity;

/// <summary>
/// What clients bring back to say which backend is theirs: a keyed hash (HMAC-SHA-256, RFC 2104) of pool and address,
/// from which nobody can read an address, and which nobody can make up.
/// </summary>
internal sealed class AffinityTokens(string? secret)
{
    private readonly byte[] _key = secret is null ? RandomNumberGenerator.GetBytes(32) : SHA256.HashData(Encoding.UTF8.GetBytes(secret));
    private readonly ConditionalWeakTable<Backend, string> _tokens = [];

    public string TokenOf(BackendPool pool, Backend backend) =>
        _tokens.TryGetValue(backend, out var token) ? token : _tokens.GetValue(backend, member => Sign($"{pool.Name}\n{member.Id}"));

    /// <summary>The backend that a token stands for; null when the token is none of this pool's.</summary>
    public Backend? Find(BackendPool pool, string token)
    {
        foreach (var backend in pool.Snapshot.Members)
        {
            if (CryptographicOperations.FixedTimeEquals(
                System.Runtime.InteropServices.MemoryMarshal.AsBytes<char>(token), System.Runtime.InteropServices.MemoryMarshal.AsBytes<char>(TokenOf(pool, backend))))
            {
                return backend;
            }
        }

        return null;
    }

    private string Sign(string text) => Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}

using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Affinity;

/// <summary>
/// What clients bring back to say which backend is theirs: a keyed hash (HMAC-SHA-256, RFC 2104) of pool and address,
/// from which nobody can read an address, and a signature of it, which nobody can make up. The signature is what tells
/// a session whose backend is gone from one that never was.
/// </summary>
internal sealed class AffinityTokens
{
    private const int HalfSize = 16;
    private const int Size = HalfSize * 2;
    private static readonly int Length = Base64Url.GetEncodedLength(Size);

    private readonly byte[] _key;
    private readonly ConditionalWeakTable<Backend, Token> _tokens = [];
    private readonly ConditionalWeakTable<PoolSnapshot, Dictionary<ulong, Token>> _members = [];

    /// <param name="secret">What the key is made of; null makes a random one.</param>
    public AffinityTokens(string? secret) =>
        _key = secret is null ? RandomNumberGenerator.GetBytes(32) : SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>What a backend's clients bring back.</summary>
    public string TokenOf(BackendPool pool, Backend backend) => Of(pool.Name, backend).Text;

    /// <summary>Reads what a client brought.</summary>
    /// <param name="pool">The pool that it is for.</param>
    /// <param name="snapshot">The pool at this moment.</param>
    /// <param name="text">What it brought.</param>
    /// <param name="backend">The backend; null when it is no member of the pool any more.</param>
    /// <returns>Whether it was made with this key, for this pool.</returns>
    public bool TryRead(BackendPool pool, PoolSnapshot snapshot, ReadOnlySpan<char> text, out Backend? backend)
    {
        backend = null;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Length || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done || written != Size)
        {
            return false;
        }

        if (MembersOf(pool.Name, snapshot).TryGetValue(IdOf(bytes), out var token))
        {
            backend = token.Backend;
            return CryptographicOperations.FixedTimeEquals(token.Bytes, bytes);
        }

        Span<byte> signature = stackalloc byte[HalfSize];
        Sign(pool.Name, bytes[..HalfSize], signature);
        return CryptographicOperations.FixedTimeEquals(signature, bytes[HalfSize..]);
    }

    // Enough of it to find the only one that it can be.
    private static ulong IdOf(ReadOnlySpan<byte> token) => MemoryMarshal.Read<ulong>(token);

    private Dictionary<ulong, Token> MembersOf(string pool, PoolSnapshot snapshot)
    {
        if (!_members.TryGetValue(snapshot, out var members))
        {
            members = Index(pool, snapshot);
            _members.TryAdd(snapshot, members);
        }

        return members;
    }

    // Apart from its caller, where the closure would be allocated for every request.
    private Dictionary<ulong, Token> Index(string pool, PoolSnapshot snapshot) =>
        snapshot.Members.Select(member => Of(pool, member)).ToDictionary(token => IdOf(token.Bytes));

    private Token Of(string pool, Backend backend)
    {
        if (!_tokens.TryGetValue(backend, out var token))
        {
            token = Make(pool, backend);
            _tokens.TryAdd(backend, token);
        }

        return token;
    }

    private Token Make(string pool, Backend backend)
    {
        var bytes = new byte[Size];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"backend\n{pool}\n{backend.Id}")).AsSpan(0, HalfSize).CopyTo(bytes);
        Sign(pool, bytes.AsSpan(0, HalfSize), bytes.AsSpan(HalfSize));
        return new(backend, bytes, Base64Url.EncodeToString(bytes));
    }

    private void Sign(string pool, ReadOnlySpan<byte> id, Span<byte> signature)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"session\n{pool}\n"), .. id];
        HMACSHA256.HashData(_key, signed).AsSpan(0, HalfSize).CopyTo(signature);
    }

    private sealed record Token(Backend Backend, byte[] Bytes, string Text);
}

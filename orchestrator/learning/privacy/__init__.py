"""What a party of a federation may keep to itself: rows by noise with an ε, an update by masks.

accountant  what noise is worth, as (ε, δ)          epsilon, noise_for
dpsgd       steps on clipped, noisy gradients       private_gradient, gaussian
masks       sums of what nobody shows               Peer, masked, unmask

Noise hides a *row* of a party in its update, within (ε, δ). It does not hide a party among ten, nor what
all of its rows have in common, and without clipping per record it hides nothing that can be stated. Masks
hide an update from everybody but not the sum, which says much where few are in it.
"""
